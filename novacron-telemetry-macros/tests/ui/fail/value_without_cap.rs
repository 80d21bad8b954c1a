//! Nothing would bound the number of series.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
struct Region(String);

fn main() {
    // What uses it is not reported too.
    let _ = Region::from("fra");
}
