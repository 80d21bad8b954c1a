//! There is no success to count in.

use novacron_telemetry::instrument_query;

#[instrument_query(operation = "SELECT", table = "vms", outcome = |_| true, rows_returned = Vec::len)]
async fn work() -> Vec<u8> {
    Vec::new()
}

fn main() {}
