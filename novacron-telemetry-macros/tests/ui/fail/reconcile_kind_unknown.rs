//! Nothing like that is reconciled.

use novacron_telemetry::instrument_reconcile;

#[instrument_reconcile(kind = "Pod")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
