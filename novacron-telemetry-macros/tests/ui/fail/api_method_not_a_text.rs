//! A number is no method.

use novacron_telemetry::instrument_api;

#[instrument_api(method = 5)]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
