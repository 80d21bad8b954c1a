//! A node has a name.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = " ", destination = "b")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
