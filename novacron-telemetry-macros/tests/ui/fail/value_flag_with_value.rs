//! A flag stands alone.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
#[label(ignore_case = true)]
enum Plan {
    Free,
}

fn main() {}
