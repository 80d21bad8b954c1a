//! A slip of the pen.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    #[metric(bucket = 5)]
    jobs: Gauge,
}

fn main() {}
