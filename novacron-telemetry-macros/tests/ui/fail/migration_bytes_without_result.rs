//! There is no success to measure.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", outcome = |_| true, bytes = |done| *done)]
async fn migrate() -> u64 {
    5
}

fn main() {}
