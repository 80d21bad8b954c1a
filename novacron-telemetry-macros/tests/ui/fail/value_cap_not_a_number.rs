//! A cap is a literal.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
#[label(cap = "many")]
struct Region(String);

fn main() {}
