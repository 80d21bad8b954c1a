//! The endpoint belongs to requests.

use novacron_telemetry::instrument_migration;

#[instrument_migration(source = "a", destination = "b", endpoint = "/vms")]
async fn migrate() -> Result<(), ()> {
    Ok(())
}

fn main() {}
