//! Only base units are known.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Waits.
    #[metric(unit = Minutes)]
    wait: Gauge,
}

fn main() {
    // What uses it is not reported too.
    let _ = (Metrics::WAIT, Metrics::noop());
}
