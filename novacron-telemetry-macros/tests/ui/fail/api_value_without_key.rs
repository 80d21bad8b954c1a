//! Every value has a key.

use novacron_telemetry::instrument_api;

#[instrument_api("/vms")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
