//! A field has one key.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels {
    #[label(renamed = "settled")]
    paid: bool,
}

fn main() {}
