//! An endpoint is a template.

use novacron_telemetry_macros::instrument_api;

#[instrument_api(endpoint = 5)]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
