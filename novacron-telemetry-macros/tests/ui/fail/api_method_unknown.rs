//! Nobody sends that.

use novacron_telemetry_macros::instrument_api;

#[instrument_api(method = "FETCH")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
