//! A statement does something to a table.

use novacron_telemetry::instrument_query;

#[instrument_query]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
