//! Labels are snake_case.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels {
    #[label(rename = "isPaid")]
    paid: bool,
}

fn main() {}
