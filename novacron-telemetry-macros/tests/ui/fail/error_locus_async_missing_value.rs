//! The semicolon is on the user's line.

use novacron_telemetry_macros::instrument_api;

#[instrument_api]
async fn list() -> Result<u32, ()> {
    Ok(5);
}

fn main() {}
