//! A number is no code.

use novacron_telemetry::instrument_provider_call;

#[instrument_provider_call(provider_type = "libvirt", method = "CreateVM", error = |code| *code)]
async fn work() -> Result<(), i32> {
    Ok(())
}

fn main() {}
