//! A case that nobody knows.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
#[label(rename_all = "Spongy case")]
enum Plan {
    Free,
}

fn main() {}
