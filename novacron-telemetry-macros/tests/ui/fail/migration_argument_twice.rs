//! Which one?

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", source = "c")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
