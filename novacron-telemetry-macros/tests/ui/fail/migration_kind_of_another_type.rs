//! A text that is not a literal could be anything.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", kind = kind)]
async fn work(kind: &str) -> Result<(), ()> {
    Ok(())
}

fn main() {}
