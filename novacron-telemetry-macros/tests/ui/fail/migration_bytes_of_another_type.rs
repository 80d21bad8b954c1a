//! Bytes are counted in whole numbers.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", bytes = |done| *done)]
async fn migrate() -> Result<f64, ()> {
    Ok(5.0)
}

fn main() {}
