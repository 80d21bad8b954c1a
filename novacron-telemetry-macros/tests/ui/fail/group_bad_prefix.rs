//! A prefix is part of a name.

use novacron_telemetry::metric::Counter;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "Acme-")]
struct Metrics {
    /// Jobs.
    jobs_total: Counter,
}

fn main() {}
