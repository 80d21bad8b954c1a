//! The label is in capitals.

use novacron_telemetry::instrument_query;

#[instrument_query(operation = "select", table = "vms")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
