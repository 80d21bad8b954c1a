//! There are three kinds.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", kind = "warm")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
