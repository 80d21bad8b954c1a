//! An endpoint is a `&'static str`.

use novacron_telemetry::instrument_api;

const ID: u32 = 5;

#[instrument_api(endpoint = ID)]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {}
