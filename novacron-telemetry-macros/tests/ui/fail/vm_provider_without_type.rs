//! A provider is of a kind.

use novacron_telemetry::instrument_vm;

#[instrument_vm(operation = "start", provider = "host-1")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
