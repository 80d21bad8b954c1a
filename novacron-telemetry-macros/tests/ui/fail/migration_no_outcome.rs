//! A number is neither a success nor a failure.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b")]
async fn migrate() -> u32 {
    5
}

fn main() {}
