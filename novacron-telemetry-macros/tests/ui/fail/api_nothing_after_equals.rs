//! A key alone says nothing.

use novacron_telemetry::instrument_api;

#[instrument_api(endpoint = , method = "GET")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
