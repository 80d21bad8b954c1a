//! An `Option` may mean either.

use novacron_telemetry::instrument_api;

#[instrument_api]
fn find(name: &str) -> Option<&str> {
    name.get(1..)
}

fn main() {}
