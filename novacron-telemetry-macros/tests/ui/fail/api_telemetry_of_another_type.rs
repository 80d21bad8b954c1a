//! A number does not record.

use novacron_telemetry::instrument_api;

#[instrument_api(telemetry = 5)]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
