//! A call goes somewhere.

use novacron_telemetry::instrument_external_call;

#[instrument_external_call()]
async fn work() -> Result<(), ()> {
    Ok(())
}

fn main() {}
