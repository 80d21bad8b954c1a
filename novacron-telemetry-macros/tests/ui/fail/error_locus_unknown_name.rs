//! The name is unknown on the user's line.

use novacron_telemetry::instrument_api;

#[instrument_api]
async fn list() -> Result<usize, ()> {
    Ok(list_of_nobody.len())
}

fn main() {}
