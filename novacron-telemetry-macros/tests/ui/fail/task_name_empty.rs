//! The default is better.

use novacron_telemetry::instrument_task;

#[instrument_task(name = "")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
