//! There are three modes.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", mode = "wan")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
