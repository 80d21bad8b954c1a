//! True is not an outcome of a loop.

use novacron_telemetry::instrument_reconcile;

#[instrument_reconcile(kind = "VMSet", outcome = |done| *done)]
async fn work() -> bool {
    true
}

fn main() {}
