//! A group is a struct.

use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
enum Metrics {
    Jobs,
}

fn main() {}
