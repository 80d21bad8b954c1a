//! The conversion is missing on the user's line.

use novacron_telemetry::instrument_api;

struct Broken;

#[instrument_api]
async fn list(name: &str) -> Result<u32, Broken> {
    let number: u32 = name.parse()?;
    Ok(number)
}

fn main() {}
