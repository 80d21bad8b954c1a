//! Statements do other things.

use novacron_telemetry::instrument_query;

#[instrument_query(operation = "FETCH", table = "vms")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
