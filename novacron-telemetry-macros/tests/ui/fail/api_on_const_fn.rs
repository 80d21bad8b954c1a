//! Constants are evaluated by the compiler.

use novacron_telemetry::instrument_api;

#[instrument_api]
const fn limit() -> Result<u32, ()> {
    Ok(5)
}

fn main() {}
