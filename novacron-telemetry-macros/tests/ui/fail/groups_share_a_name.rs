//! What one group cannot see, a list of groups asserts.

use novacron_telemetry::metric::{Counter, check};
use novacron_telemetry::registry::MetricGroup;

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Jobs {
    /// Jobs.
    jobs_runs_total: Counter,
}

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme_jobs")]
struct Runs {
    /// Runs.
    runs_total: Counter,
}

const _: () = if let Some(name) = check::duplicate(&[Jobs::DESCRIPTORS, Runs::DESCRIPTORS]) {
    panic!("{}", name);
};

fn main() {}
