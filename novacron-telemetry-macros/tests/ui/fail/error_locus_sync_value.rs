//! The type is wrong on the user's line.

use novacron_telemetry::instrument_api;

#[instrument_api]
fn list() -> Result<u32, ()> {
    let name = "five";
    Ok(name)
}

fn main() {}
