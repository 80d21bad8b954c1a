//! A text is no mode.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", mode = "internet")]
async fn migrate() -> Result<(), ()> {
    Ok(())
}

fn main() {}
