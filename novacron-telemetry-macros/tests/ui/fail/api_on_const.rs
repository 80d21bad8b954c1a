//! A constant does not run.

use novacron_telemetry::instrument_api;

#[instrument_api]
const LIMIT: u32 = 5;

fn main() {}
