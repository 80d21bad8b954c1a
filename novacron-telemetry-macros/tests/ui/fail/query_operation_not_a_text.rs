//! A number is no operation.

use novacron_telemetry::instrument_query;

#[instrument_query(operation = 5, table = "vms")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
