//! A host that re-exports the library says where it is.

mod kit {
    pub use novacron_telemetry as telemetry;
}

use kit::telemetry::label::{LabelSet, LabelValue};
use kit::telemetry::metric::{Counter, Family};
use kit::telemetry::registry::MetricGroup;
use kit::telemetry::{instrument_api, instrument_migration, instrument_query};

// The usual path would find this instead.
mod novacron_telemetry {}

#[derive(Clone, Copy, PartialEq, Eq, Hash, LabelValue)]
#[label(crate = crate::kit::telemetry)]
enum Plan {
    Free,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 5, crate = kit::telemetry)]
struct Region(String);

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
#[label(crate = kit::telemetry)]
struct Labels {
    plan: Plan,
    region: Region,
}

#[derive(Clone, MetricGroup)]
#[metrics(prefix = "acme", crate = kit::telemetry)]
struct Metrics {
    /// Requests.
    requests_total: Family<Labels, Counter>,
}

#[instrument_api(crate = kit::telemetry)]
async fn get() -> Result<(), ()> {
    Ok(())
}

#[instrument_migration(source = "a", destination = "b", mode = "hybrid", crate = crate::kit::telemetry)]
fn migrate() -> Result<(), ()> {
    Ok(())
}

#[instrument_query(operation = "SELECT", table = "vms", rows_returned = |n| *n, crate = kit::telemetry)]
fn query() -> Result<u64, ()> {
    Ok(1)
}

fn main() {
    assert_eq!(query(), Ok(1));
    let _future = get();
    assert_eq!(migrate(), Ok(()));
    assert_eq!(Metrics::REQUESTS_TOTAL.name, "acme_requests_total");
}
