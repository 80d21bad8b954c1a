//! A union has no texts.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
union Region {
    a: u8,
    b: i8,
}

fn main() {}
