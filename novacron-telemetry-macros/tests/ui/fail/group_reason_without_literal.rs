//! There is nothing to explain.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    #[metric(reason = "it was promised")]
    jobs: Gauge,
}

fn main() {}
