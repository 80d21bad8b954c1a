//! A number is no node.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = 5, destination = "b")]
async fn migrate() -> Result<(), ()> {
    Ok(())
}

fn main() {}
