//! Kinds are in lower case.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", kind = "Live")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
