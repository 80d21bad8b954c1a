//! Prometheus attaches `job` itself.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels {
    paid: bool,
    job: bool,
}

fn main() {}
