//! A slip of the pen.

use novacron_telemetry::instrument_vm;

#[instrument_vm(operations = "start")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
