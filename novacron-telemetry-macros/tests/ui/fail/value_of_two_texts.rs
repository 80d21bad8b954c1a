//! An open value holds one text.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
#[label(cap = 5)]
struct Region(String, String);

fn main() {}
