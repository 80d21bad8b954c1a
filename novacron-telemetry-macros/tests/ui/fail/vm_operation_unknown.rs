//! Nothing like that is done to a VM.

use novacron_telemetry::instrument_vm;

#[instrument_vm(operation = "explode")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
