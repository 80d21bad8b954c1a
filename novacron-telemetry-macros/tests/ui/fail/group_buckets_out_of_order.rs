//! Bounds ascend.

use novacron_telemetry::metric::Histogram;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Waits.
    #[metric(unit = Seconds, buckets = &[1.0, 0.5])]
    wait_seconds: Histogram,
}

fn main() {}
