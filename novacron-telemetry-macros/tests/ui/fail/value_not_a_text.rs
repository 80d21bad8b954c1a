//! A number is not an open value.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
#[label(cap = 5)]
struct Region(u64);

fn main() {}
