//! An empty text is an absent label.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
enum Plan {
    #[label(rename = "")]
    Free,
}

fn main() {}
