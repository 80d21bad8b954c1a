//! Nobody sends that.

use novacron_telemetry::instrument_api;

#[instrument_api(method = "FETCH")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
