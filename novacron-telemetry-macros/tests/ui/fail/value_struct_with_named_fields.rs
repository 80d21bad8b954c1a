//! A closed value is an enum, an open one a newtype.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
struct Region {
    name: String,
}

fn main() {}
