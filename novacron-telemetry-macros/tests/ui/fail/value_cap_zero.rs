//! A family keeps at least one text.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
#[label(cap = 0)]
struct Region(String);

fn main() {}
