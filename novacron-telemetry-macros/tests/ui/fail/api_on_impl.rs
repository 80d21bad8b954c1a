//! Methods are marked one by one.

use novacron_telemetry::instrument_api;

struct Service;

#[instrument_api]
impl Service {
    fn list(&self) {}
}

fn main() {}
