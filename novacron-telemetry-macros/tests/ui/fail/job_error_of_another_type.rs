//! A number is no reason.

use novacron_telemetry::instrument_job;

#[instrument_job(error = |code| *code)]
async fn work() -> Result<(), u32> {
    Ok(())
}

fn main() {}
