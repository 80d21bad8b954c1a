//! The names have to begin somehow.

use novacron_telemetry::metric::Counter;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
struct Metrics {
    /// Jobs.
    jobs_total: Counter,
}

fn main() {}
