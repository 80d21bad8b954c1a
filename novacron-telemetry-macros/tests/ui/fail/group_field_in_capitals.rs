//! Metrics are snake_case.

use novacron_telemetry::metric::Counter;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    #[allow(non_snake_case)]
    jobsTotal: Counter,
}

fn main() {}
