//! Nobody drives that.

use novacron_telemetry::instrument_vm;

#[instrument_vm(operation = "start", provider_type = "docker")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
