//! A counter has no bounds.

use novacron_telemetry::metric::{Counter, buckets};
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    #[metric(buckets = buckets::HTTP)]
    jobs_total: Counter,
}

fn main() {}
