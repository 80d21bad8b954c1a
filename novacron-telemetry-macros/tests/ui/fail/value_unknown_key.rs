//! A closed value has no cap.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
#[label(cap = 5)]
enum Plan {
    Free,
}

fn main() {}
