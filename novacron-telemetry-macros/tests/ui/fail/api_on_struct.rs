//! Only functions run.

use novacron_telemetry_macros::instrument_api;

#[instrument_api]
struct Service;

fn main() {}
