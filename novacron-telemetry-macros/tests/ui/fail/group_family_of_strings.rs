//! The labels of a family are a set.

use novacron_telemetry::metric::{Counter, Family};
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    jobs_total: Family<String, Counter>,
}

fn main() {}
