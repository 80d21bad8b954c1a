//! The conversion is missing on the user's line.

use novacron_telemetry_macros::instrument_api;

#[instrument_api]
async fn list(name: &str) -> Result<u32, u8> {
    let number: u32 = name.parse()?;
    Ok(number)
}

fn main() {}
