//! There is no body to run.

use novacron_telemetry::instrument_api;

trait Service {
    #[instrument_api]
    async fn list(&self) -> Result<(), ()>;
}

fn main() {}
