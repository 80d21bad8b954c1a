//! A text stands for itself on the wire.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
enum Plan {
    #[label(rename = "5\" disk")]
    Disk,
}

fn main() {}
