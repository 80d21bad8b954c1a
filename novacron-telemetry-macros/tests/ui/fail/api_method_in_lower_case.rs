//! Methods are case-sensitive.

use novacron_telemetry::instrument_api;

#[instrument_api(method = "get")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
