//! Arguments are separated.

use novacron_telemetry::instrument_api;

#[instrument_api(endpoint = "/vms" method = "GET")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
