//! Bounds are `f64`.

use novacron_telemetry::metric::Histogram;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Waits.
    #[metric(unit = Seconds, buckets = &[1, 2])]
    wait_seconds: Histogram,
}

fn main() {}
