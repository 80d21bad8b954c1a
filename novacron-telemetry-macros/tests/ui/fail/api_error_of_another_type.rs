//! The reader reads another error.

use novacron_telemetry::instrument_api;

use novacron_telemetry::record::Failure;

fn class(_: &u32) -> Failure {
    Failure::INTERNAL
}

#[instrument_api(error = class)]
async fn list() -> Result<(), String> {
    Ok(())
}

fn main() {}
