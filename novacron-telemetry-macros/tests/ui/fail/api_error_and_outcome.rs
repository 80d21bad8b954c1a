//! One of them reads the value.

use novacron_telemetry::instrument_api;

#[instrument_api(error = class, outcome = |_| true)]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
