//! A slip of the pen.

use novacron_telemetry_macros::instrument_api;

#[instrument_api(endpiont = "/vms")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
