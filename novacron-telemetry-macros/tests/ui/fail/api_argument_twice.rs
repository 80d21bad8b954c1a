//! Which one would count?

use novacron_telemetry::instrument_api;

#[instrument_api(endpoint = "/vms", endpoint = "/vm")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
