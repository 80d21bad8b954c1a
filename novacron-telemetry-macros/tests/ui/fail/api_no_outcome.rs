//! A number is neither a success nor a failure.

use novacron_telemetry::instrument_api;

#[instrument_api]
async fn count() -> u32 {
    5
}

fn main() {}
