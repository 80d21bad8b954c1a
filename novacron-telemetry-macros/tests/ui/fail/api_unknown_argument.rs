//! A slip of the pen.

use novacron_telemetry::instrument_api;

#[instrument_api(endpoints = "/vms")]
async fn list() -> Result<(), ()> {
    Ok(())
}

fn main() {
    // What uses it is not reported too.
    let _ = list();
}
