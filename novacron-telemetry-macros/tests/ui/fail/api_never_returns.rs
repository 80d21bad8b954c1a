//! There is no value to read.

use novacron_telemetry::instrument_api;

#[instrument_api]
fn serve() -> ! {
    loop {}
}

fn main() {}
