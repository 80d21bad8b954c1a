//! A method is a literal.

use novacron_telemetry::instrument_api;

#[instrument_api(method = GET)]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
