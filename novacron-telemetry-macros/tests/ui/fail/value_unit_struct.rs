//! There is no text in it.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
struct Region;

fn main() {}
