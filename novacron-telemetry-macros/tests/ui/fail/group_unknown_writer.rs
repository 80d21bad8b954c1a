//! Writers are of five kinds.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    #[metric(writer = Cron("nightly"))]
    jobs: Gauge,
}

fn main() {}
