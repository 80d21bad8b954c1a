//! The attribute has something to say.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
#[label]
enum Plan {
    Free,
}

fn main() {}
