//! There are no halves of rows.

use novacron_telemetry::instrument_query;

#[instrument_query(operation = "SELECT", table = "vms", rows_returned = |rows| *rows)]
async fn work() -> Result<f64, ()> {
    Ok(1.5)
}

fn main() {}
