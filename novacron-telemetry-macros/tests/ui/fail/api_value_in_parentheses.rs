//! Values follow `=`.

use novacron_telemetry_macros::instrument_api;

#[instrument_api(endpoint("/vms"))]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
