//! An endpoint is a template.

use novacron_telemetry::instrument_api;

#[instrument_api(endpoint = 5)]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
