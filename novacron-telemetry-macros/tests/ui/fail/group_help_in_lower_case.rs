//! HELP is a sentence.

use novacron_telemetry::metric::Counter;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// jobs that ended.
    jobs_total: Counter,
}

fn main() {}
