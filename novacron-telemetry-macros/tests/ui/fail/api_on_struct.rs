//! Only functions run.

use novacron_telemetry::instrument_api;

#[instrument_api]
struct Service;

fn main() {}
