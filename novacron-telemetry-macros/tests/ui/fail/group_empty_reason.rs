//! An empty reason is none.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    #[metric(literal = "acme_job_count", reason = "")]
    jobs: Gauge,
}

fn main() {}
