//! A promise does not lift the rules of the wire.

use novacron_telemetry::metric::Gauge;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    #[metric(literal = "acme.jobs", reason = "it was promised")]
    jobs: Gauge,
}

fn main() {}
