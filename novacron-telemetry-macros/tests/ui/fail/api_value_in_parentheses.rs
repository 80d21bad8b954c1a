//! Values follow `=`.

use novacron_telemetry::instrument_api;

#[instrument_api(endpoint("/vms"))]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
