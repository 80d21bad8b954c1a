//! One name, one field.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    jobs: Gauge,
    /// Jobs again.
    #[metric(literal = "acme_jobs", reason = "it was promised")]
    others: Gauge,
}

fn main() {}
