//! A key alone says nothing.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", kind)]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
