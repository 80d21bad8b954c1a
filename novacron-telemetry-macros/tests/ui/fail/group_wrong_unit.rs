//! The name says another unit.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Waits.
    #[metric(unit = Bytes)]
    wait_seconds: Gauge,
}

fn main() {}
