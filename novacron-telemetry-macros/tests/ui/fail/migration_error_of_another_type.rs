//! A number is no failure.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", error = |code| *code)]
async fn work() -> Result<(), u32> {
    Ok(())
}

fn main() {}
