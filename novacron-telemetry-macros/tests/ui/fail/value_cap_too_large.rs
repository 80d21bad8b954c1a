//! That is a log, not a label.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
#[label(cap = 1_000_000)]
struct Region(String);

fn main() {}
