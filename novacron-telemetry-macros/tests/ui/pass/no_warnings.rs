//! Expansions are quiet under every lint that a strict host switches on.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused, unused_qualifications)]
#![deny(rust_2018_idioms, let_underscore, single_use_lifetimes, unused_lifetimes, trivial_casts)]
#![deny(elided_lifetimes_in_paths, missing_copy_implementations, trivial_bounds, unit_bindings)]

use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::record::Failure;
use novacron_telemetry::metric::{Counter, Family, Histogram, buckets};
use novacron_telemetry::registry::MetricGroup;
use novacron_telemetry::{instrument_api, instrument_job, instrument_migration, instrument_query};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
enum Hidden {
    A,
}

/// A plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum Plan {
    /// Nothing is paid.
    Free,
    /// Anything else.
    #[label(other)]
    Other,
}

/// A region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 5)]
pub struct Region(String);

/// What is counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct Labels {
    /// The plan.
    pub plan: Plan,
    /// The region.
    pub region: Region,
    hidden: Hidden,
}

/// What is counted.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "acme")]
pub struct Metrics {
    /// Requests.
    pub requests_total: Family<Labels, Counter>,
    /// Waits.
    #[metric(unit = Seconds, buckets = buckets::HTTP)]
    pub wait_seconds: Histogram,
}

/// One line, a block that some lints take for a useless one.
#[instrument_api]
pub async fn line() -> Result<u8, u8> { Ok(1) }

/// No value.
#[instrument_api]
pub async fn unit(_n: u8) {}

/// No value, no future.
#[instrument_api]
pub fn sync(_n: u8) {}

/// Never gets to its end.
#[instrument_api(endpoint = "/x", method = "PUT", outcome = |_value| true)]
pub async fn diverges(n: u8) -> u8 {
    loop {
        if n > 1 {
            return n;
        }
    }
}

/// A lifetime.
#[instrument_migration(source = text, destination = "b")]
pub async fn migrate(text: &str) -> Result<&str, u8> {
    Ok(text)
}

/// What is measured.
#[instrument_query(operation = "SELECT", table = "vms", rows_returned = |rows| *rows, error = |_| Failure::INTERNAL)]
pub async fn query() -> Result<u64, u8> { Ok(1) }

/// Nothing is said.
#[instrument_job]
pub fn job() {}

fn main() {
    job();
    let _query = query();
    let labels = Labels { plan: Plan::Free, region: "a".into(), hidden: Hidden::A };
    let _used = (labels, unit(1), line(), diverges(1), migrate("a"));
    sync(1);
}
