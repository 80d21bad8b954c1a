//! A number does not record.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    jobs: u64,
    /// Runs.
    runs: Gauge,
}

fn main() {}
