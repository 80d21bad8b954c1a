//! The endpoint belongs to requests.

use novacron_telemetry_macros::instrument_migration;

#[instrument_migration(source = "a", destination = "b", endpoint = "/vms")]
async fn migrate() -> Result<(), ()> {
    Ok(())
}

fn main() {}
