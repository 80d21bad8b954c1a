//! Jobs have no names.

use novacron_telemetry::instrument_job;

#[instrument_job(name = "nightly")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
