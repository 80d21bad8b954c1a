//! One label, one field.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels {
    paid: bool,
    #[label(rename = "paid")]
    settled: bool,
}

fn main() {
    // What uses it is not reported too.
    let _ = LabelsRef { paid: true, settled: false };
}
