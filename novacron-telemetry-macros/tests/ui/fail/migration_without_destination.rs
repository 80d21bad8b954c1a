//! A migration ends somewhere.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a")]
async fn migrate() -> Result<(), ()> {
    Ok(())
}

fn main() {}
