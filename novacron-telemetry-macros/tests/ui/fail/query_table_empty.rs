//! A table has a name.

use novacron_telemetry::instrument_query;

#[instrument_query(operation = "SELECT", table = "")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
