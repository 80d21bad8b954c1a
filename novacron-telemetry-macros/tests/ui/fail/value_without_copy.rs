//! A closed value is copied into every look-up.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
enum Plan {
    Free,
}

fn main() {}
