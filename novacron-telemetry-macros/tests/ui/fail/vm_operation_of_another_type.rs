//! A text that is not a literal could be anything.

use novacron_telemetry::instrument_vm;

#[instrument_vm(operation = operation)]
async fn work(operation: &str) -> Result<(), ()> {
    Ok(())
}

fn main() {}
