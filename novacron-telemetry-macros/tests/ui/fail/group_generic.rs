//! The descriptors are constants of one type.

use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics<M> {
    /// Jobs.
    jobs: M,
}

fn main() {}
