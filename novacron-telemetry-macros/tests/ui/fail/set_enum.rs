//! An enum is a value.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
enum Labels {
    Paid,
}

fn main() {}
