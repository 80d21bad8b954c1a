//! Kinds are spelled as in their API.

use novacron_telemetry::instrument_reconcile;

#[instrument_reconcile(kind = "virtual_machine")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
