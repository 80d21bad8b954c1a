//! Every value has a key.

use novacron_telemetry_macros::instrument_api;

#[instrument_api("/vms")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
