//! The binding is not mutable on the user's line.

use novacron_telemetry::instrument_api;

#[instrument_api]
async fn list(names: Vec<u32>) -> Result<usize, ()> {
    names.push(5);
    Ok(names.len())
}

fn main() {}
