//! Only one variant stands for all other texts.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
enum Plan {
    Free,
    #[label(other)]
    Unknown,
    #[label(other)]
    Strange,
}

fn main() {}
