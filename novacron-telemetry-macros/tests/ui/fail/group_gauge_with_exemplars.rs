//! Exemplars belong to buckets.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    #[metric(exemplars)]
    jobs: Gauge,
}

fn main() {}
