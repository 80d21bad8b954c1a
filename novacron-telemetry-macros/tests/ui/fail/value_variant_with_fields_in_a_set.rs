//! The set is not reported too.

use novacron_telemetry::label::{LabelSet, LabelValue};

#[derive(Clone, Copy, LabelValue)]
enum Plan {
    Free,
    Paid(u32),
}

#[derive(Clone, LabelSet)]
struct Labels {
    plan: Plan,
}

fn main() {}
