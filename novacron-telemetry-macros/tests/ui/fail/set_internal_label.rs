//! Two underscores belong to Prometheus.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels {
    __paid: bool,
}

fn main() {}
