//! The library is at a path.

use novacron_telemetry::instrument_api;

#[instrument_api(crate = "telemetry")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
