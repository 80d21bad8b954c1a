//! A call calls something.

use novacron_telemetry::instrument_provider_call;

#[instrument_provider_call(provider_type = "libvirt")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
