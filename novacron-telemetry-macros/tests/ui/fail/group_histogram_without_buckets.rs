//! A histogram states its bounds.

use novacron_telemetry::metric::Histogram;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Waits.
    #[metric(unit = Seconds)]
    wait_seconds: Histogram,
}

fn main() {}
