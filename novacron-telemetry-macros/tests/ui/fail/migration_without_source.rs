//! A migration starts somewhere.

use novacron_telemetry::instrument_migration;

#[instrument_migration(destination = "b")]
async fn migrate() -> Result<(), ()> {
    Ok(())
}

fn main() {
    // What uses it is not reported too.
    let _ = migrate();
}
