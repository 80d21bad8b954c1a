//! Nobody drives that.

use novacron_telemetry::instrument_provider_call;

#[instrument_provider_call(provider_type = "LibVirtd", method = "CreateVM")]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
