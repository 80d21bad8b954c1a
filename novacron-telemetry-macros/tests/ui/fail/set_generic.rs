//! The labels are constants of one type.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels<T> {
    paid: T,
}

fn main() {}
