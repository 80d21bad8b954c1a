//! It cannot be looked into.

use novacron_telemetry::instrument_api;

use std::pin::Pin;

#[instrument_api]
fn list() -> Pin<Box<dyn Future<Output = Result<(), ()>>>> {
    elsewhere()
}

fn elsewhere() -> Pin<Box<dyn Future<Output = Result<(), ()>>>> {
    Box::pin(async { Ok(()) })
}

fn main() {}
