//! The default is better.

use novacron_telemetry_macros::instrument_api;

#[instrument_api(endpoint = "")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
