//! A number is no table.

use novacron_telemetry::instrument_query;

#[instrument_query(operation = "SELECT", table = 5)]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
