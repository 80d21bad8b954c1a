//! The body still needs what the argument took.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = source, destination = "b")]
async fn migrate(source: String) -> Result<String, ()> {
    Ok(source)
}

fn main() {}
