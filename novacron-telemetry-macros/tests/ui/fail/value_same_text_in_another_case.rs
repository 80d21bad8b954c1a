//! With `ignore_case` these are the same.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
#[label(ignore_case)]
enum Plan {
    Free,
    #[label(rename = "FREE")]
    Gratis,
}

fn main() {}
