//! The default is better.

use novacron_telemetry::instrument_api;

#[instrument_api(endpoint = "")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
