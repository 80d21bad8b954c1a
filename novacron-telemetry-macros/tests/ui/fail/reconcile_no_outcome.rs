//! A number says nothing.

use novacron_telemetry::instrument_reconcile;

#[instrument_reconcile(kind = "VMSet")]
async fn work() -> u32 {
    5
}

fn main() {}
