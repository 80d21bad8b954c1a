//! A table is a text.

use novacron_telemetry::instrument_query;

#[instrument_query(operation = "SELECT", table = id)]
async fn work(id: u32) -> Result<(), ()> {
    Ok(())
}

fn main() {}
