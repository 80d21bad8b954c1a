//! A field would make the set of texts endless.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
enum Plan {
    Free,
    Paid(u32),
}

fn main() {}
