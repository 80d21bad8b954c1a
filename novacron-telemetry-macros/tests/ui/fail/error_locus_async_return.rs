//! The type is wrong on the user's line.

use novacron_telemetry::instrument_api;

#[instrument_api]
async fn list(name: &str) -> Result<u32, ()> {
    if name.is_empty() {
        return Ok("five");
    }
    Ok(5)
}

fn main() {}
