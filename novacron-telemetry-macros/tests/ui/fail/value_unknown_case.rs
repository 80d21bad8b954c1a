//! A case that nobody knows.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
#[label(rename_all = "sPoNgE")]
enum Plan {
    Free,
}

fn main() {}
