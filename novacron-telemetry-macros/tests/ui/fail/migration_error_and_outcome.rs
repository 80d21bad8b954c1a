//! One of them is enough.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", error = |_| 5, outcome = |_| true)]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
