//! The name of a field is its label.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels(bool);

fn main() {}
