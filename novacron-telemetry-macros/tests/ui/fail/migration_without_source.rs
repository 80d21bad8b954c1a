//! A migration starts somewhere.

use novacron_telemetry_macros::instrument_migration;

#[instrument_migration(destination = "b")]
async fn migrate() -> Result<(), ()> {
    Ok(())
}

fn main() {}
