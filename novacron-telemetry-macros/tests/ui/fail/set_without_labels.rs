//! A metric without labels needs no set.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels {}

fn main() {}
