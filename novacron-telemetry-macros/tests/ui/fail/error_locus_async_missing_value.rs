//! The semicolon is on the user's line.

use novacron_telemetry::instrument_api;

#[instrument_api]
async fn list() -> Result<u32, ()> {
    Ok(5);
}

fn main() {}
