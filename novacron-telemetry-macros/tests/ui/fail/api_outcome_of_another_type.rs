//! A number is no outcome.

use novacron_telemetry::instrument_api;

#[instrument_api(outcome = |count| *count + 1)]
async fn list() -> u64 {
    5
}

fn main() {}
