//! A prefix is a literal.

use novacron_telemetry::metric::Counter;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = PREFIX)]
struct Metrics {
    /// Jobs.
    jobs_total: Counter,
}

fn main() {}
