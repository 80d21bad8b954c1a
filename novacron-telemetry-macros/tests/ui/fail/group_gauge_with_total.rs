//! Only counters end in `_total`.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    jobs_total: Gauge,
}

fn main() {}
