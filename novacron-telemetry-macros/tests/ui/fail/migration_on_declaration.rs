//! There is no body to run.

use novacron_telemetry::instrument_migration;

#[allow(dead_code)]
trait Mover {
    #[instrument_migration(source = "a", destination = "b")]
    async fn migrate() -> Result<(), ()>;
}

fn main() {}
