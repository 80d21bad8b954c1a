//! The doc comment is the HELP text.

use novacron_telemetry::metric::Counter;
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Jobs.
    jobs_total: Counter,
    runs_total: Counter,
}

fn main() {
    // What uses it is not reported too.
    let _ = (Metrics::RUNS_TOTAL, Metrics::noop());
}
