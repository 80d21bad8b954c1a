//! One label, one field.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels {
    paid: bool,
    #[label(rename = "paid")]
    settled: bool,
}

fn main() {}
