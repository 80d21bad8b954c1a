//! Once warm, nothing on the recording path allocates, and nothing grows past its cap.
//!
//! A binary of its own: the allocator counts for the thread that asks.

#[cfg(feature = "grpc")]
mod grpc_layer;
#[cfg(feature = "http")]
mod http_layer;

use std::hint::black_box;
use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use novacron_telemetry::catalog::database::DbOperation;
use novacron_telemetry::catalog::dwcp::{Algorithm, DwcpMode};
use novacron_telemetry::catalog::migration::MigrationPhase;
use novacron_telemetry::catalog::vm::VmOperation;
use novacron_telemetry::catalog::{Catalog, MigrationError, Status};
use novacron_telemetry::metric::{Absolute, Counter, Family, Gauge, Histogram, UpDownGauge};
use novacron_telemetry::prelude::{LabelSet, LabelValue, MetricGroup};
use novacron_telemetry::record::{
    DatabaseQuery, Failure, Migration, Outcome, Recorder, Round, Settings, VmWork,
    record_api_error, record_api_request, record_database_query, record_dwcp_migration,
    record_vm_operation, update_database_connections, update_dwcp_bandwidth,
    update_service_availability, update_vm_count,
};
use novacron_telemetry::registry::{Groups, Registry};
use novacron_telemetry::{
    instrument_api, instrument_external_call, instrument_job, instrument_migration,
    instrument_provider_call, instrument_query, instrument_reconcile, instrument_task,
    instrument_vm,
};

/// Runs it a few times to warm it up, and then says what a thousand more times allocate.
fn warm(mut run: impl FnMut()) -> AllocationInfo {
    for _ in 0..16 {
        run();
    }
    measure(|| {
        for _ in 0..1_000 {
            run();
        }
    })
}

#[track_caller]
fn allocates_nothing(what: &str, run: impl FnMut()) {
    let counted = warm(run);
    assert_eq!(counted.count_total, 0, "{what}: {counted:?}");
}

fn recorder() -> (Registry, Recorder) {
    let registry = Registry::new();
    let catalog = Catalog::register(&registry, Groups::ALL).unwrap();
    (registry, Recorder::new(catalog, Settings::default()))
}

#[test]
fn the_counter_of_allocations_counts() {
    let counted = warm(|| drop(black_box(Box::new(1))));
    assert_eq!(counted.count_total, 1_000);
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
struct Tenant(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
enum Color {
    Red,
    Green,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Open {
    color: Color,
    tenant: Tenant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Closed {
    color: Color,
}

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "acme")]
struct Acme {
    /// Held.
    held_total: Counter,
    /// Held.
    #[metric(unit = Celsius)]
    temperature_celsius: Gauge,
    /// Held.
    #[metric(unit = Bytes)]
    read_bytes_total: Absolute,
    /// Held.
    jobs_in_flight: UpDownGauge,
    /// Held.
    #[metric(unit = Seconds, buckets = &[0.1, 1.0], exemplars)]
    wait_seconds: Histogram,
    /// Closed.
    colors_total: Family<Closed, Counter>,
    /// Closed.
    #[metric(unit = Seconds, buckets = &[0.1, 1.0])]
    color_seconds: Family<Closed, Histogram>,
    /// Open.
    tenants_total: Family<Open, Counter>,
    /// Open.
    #[metric(unit = Seconds, buckets = &[0.1, 1.0])]
    tenant_seconds: Family<Open, Histogram>,
}

#[test]
fn held_handles_do_not_allocate() {
    let acme: Acme = Registry::new().register().unwrap();
    allocates_nothing("counter", || acme.held_total.inc());
    allocates_nothing("gauge", || acme.temperature_celsius.set(21.5));
    allocates_nothing("in-flight guard", || drop(acme.jobs_in_flight.guard()));
    allocates_nothing("histogram", || {
        acme.wait_seconds.observe(Duration::from_millis(3));
    });
    allocates_nothing("refused observation", || {
        acme.wait_seconds.observe(f64::NAN);
    });
    allocates_nothing("timer", || drop(acme.wait_seconds.start_timer()));
    allocates_nothing("exemplar", || {
        acme.wait_seconds.observe_with(0.2, |value| {
            novacron_telemetry::metric::exemplar::Exemplar::new(1, 2, value)
        });
    });
    let mut outside = 0.0;
    allocates_nothing("absolute total", || {
        outside += 3.0;
        black_box(acme.read_bytes_total.set(outside));
    });
}

#[test]
fn families_do_not_allocate_on_a_hit() {
    let acme: Acme = Registry::new().register().unwrap();
    for color in [Color::Red, Color::Green] {
        allocates_nothing("dense counter", || acme.colors_total.inc(&Closed { color }));
        allocates_nothing("dense histogram", || {
            acme.color_seconds.observe(&Closed { color }, 0.5);
        });
    }
    let key = OpenRef {
        color: Color::Red,
        tenant: "tenant-1",
    };
    allocates_nothing("sparse counter", || acme.tenants_total.inc(&key));
    allocates_nothing("sparse histogram", || {
        acme.tenant_seconds.observe(&key, 0.5);
    });
    allocates_nothing("look-up of a handle", || {
        _ = black_box(acme.tenants_total.with(&key));
    });
    let long = "x".repeat(200);
    let key = OpenRef {
        color: Color::Red,
        tenant: &long,
    };
    allocates_nothing("a long value", || acme.tenants_total.inc(&key));
}

#[test]
fn a_family_past_its_cap_does_not_allocate() {
    let acme: Acme = Registry::new().register().unwrap();
    let names: Vec<String> = (0..2_000)
        .map(|tenant| format!("tenant-{tenant}"))
        .collect();
    let count = || {
        for tenant in &names {
            acme.tenants_total.inc(&OpenRef {
                color: Color::Green,
                tenant,
            });
        }
    };
    count();
    assert_eq!(measure(count).count_total, 0);
}

#[test]
fn verbs_do_not_allocate() {
    let (_registry, recorder) = recorder();
    recorder.in_scope(|| {
        let brief = Duration::from_millis(3);
        allocates_nothing("record_api_request", || {
            record_api_request("GET", "/api/v1/vms", 200, brief);
        });
        allocates_nothing("record_api_request, slow and failed", || {
            record_api_request("PATCH", "/api/v1/vms", 504, Duration::from_secs(9));
        });
        allocates_nothing("record_api_error", || {
            record_api_error("GET", "/api/v1/vms", "unavailable");
        });
        allocates_nothing("record_database_query", || {
            record_database_query("SELECT", "vms", "success", brief);
        });
        allocates_nothing("update_database_connections", || {
            update_database_connections("default", 1, 2, 3);
        });
        allocates_nothing("record_vm_operation", || {
            record_vm_operation("start", "success", brief);
        });
        allocates_nothing("record_vm_operation, unknown", || {
            record_vm_operation("explode", "success", brief);
        });
        allocates_nothing("update_vm_count", || update_vm_count("running", 12));
        allocates_nothing("record_dwcp_migration", || {
            record_dwcp_migration("a", "b", "failed", 42.0);
        });
        allocates_nothing("update_dwcp_bandwidth", || {
            update_dwcp_bandwidth("link-1", 73.5);
        });
        allocates_nothing("update_service_availability", || {
            update_service_availability("api", true);
        });
    });
}

#[test]
fn guards_and_builders_do_not_allocate() {
    let (_registry, recorder) = recorder();
    recorder.in_scope(|| {
        allocates_nothing("DatabaseQuery", || {
            DatabaseQuery::begin(DbOperation::Select, "vms")
                .rows_returned(3)
                .finish(true);
        });
        allocates_nothing("DatabaseQuery, dropped", || {
            drop(DatabaseQuery::begin(DbOperation::Select, "vms"));
        });
        allocates_nothing("VmWork", || {
            VmWork::begin(VmOperation::Start).finish(Outcome::Success);
        });
        allocates_nothing("VmWork, dropped", || {
            drop(VmWork::begin(VmOperation::Create));
        });
    });
}

#[test]
fn a_migration_under_way_does_not_allocate() {
    let (_registry, recorder) = recorder();
    let begin = || Migration::new("a", "b").mode(DwcpMode::Hybrid).begin();
    recorder.in_scope(|| {
        allocates_nothing("Migration, begun and finished", || {
            begin().finish(Outcome::Success);
        });
        allocates_nothing("Migration, dropped", || drop(begin()));
        allocates_nothing("Migration, with all that can be told", || {
            let run = begin();
            run.enter(MigrationPhase::PreCopy);
            run.sent(1 << 20);
            run.encoded(Algorithm::Zstd, 4 << 20, 1 << 20);
            run.round(Round {
                copied: 4 << 20,
                dirtied: 1 << 20,
            });
            run.switch_mode(DwcpMode::Internet);
            run.enter(MigrationPhase::Downtime);
            run.fail(MigrationError::Stalled);
        });
    });
}

#[instrument_migration(source = "node-1", destination = to, bytes = |bytes| *bytes)]
async fn migrated(to: &str) -> Result<u64, ()> {
    Migration::current().enter(MigrationPhase::PreCopy);
    if to.is_empty() { Err(()) } else { Ok(1 << 20) }
}

#[instrument_api(endpoint = "/api/v1/vms", method = "GET")]
fn plain(fails: bool) -> Result<u32, ()> {
    if fails { Err(()) } else { Ok(7) }
}

#[instrument_api(endpoint = "/api/v1/vms/{id}", method = "GET", error = |_| Failure::from_status(Status::new(404)))]
async fn awaited(id: &str) -> Result<usize, ()> {
    if id.is_empty() { Err(()) } else { Ok(id.len()) }
}

#[instrument_api(endpoint = "/api/v1/explicit", telemetry = recorder)]
async fn explicit(recorder: &Recorder) {
    let _ = recorder;
}

fn poll_now<F: Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it is ready at once"),
    }
}

#[test]
fn marked_functions_do_not_allocate() {
    let (_registry, recorder) = recorder();
    recorder.in_scope(|| {
        allocates_nothing("sync", || _ = black_box(plain(false)));
        allocates_nothing("sync, failed", || _ = black_box(plain(true)));
        allocates_nothing("async", || _ = black_box(poll_now(awaited("7"))));
        allocates_nothing("async, failed", || _ = black_box(poll_now(awaited(""))));
        allocates_nothing("async, dropped", || drop(black_box(awaited("7"))));
        allocates_nothing("migration", || _ = black_box(poll_now(migrated("node-2"))));
        allocates_nothing("migration, failed", || {
            _ = black_box(poll_now(migrated("")));
        });
    });
    allocates_nothing("explicit telemetry", || poll_now(explicit(&recorder)));
}

#[instrument_query(operation = "SELECT", table = table, rows_returned = |found| *found)]
async fn query(table: &str, works: bool) -> Result<u32, ()> {
    if works { Ok(3) } else { Err(()) }
}

#[instrument_vm(operation = "create", provider_type = "libvirt", provider = host)]
fn create(host: &str, works: bool) -> Result<(), ()> {
    if works { Ok(()) } else { Err(()) }
}

#[instrument_job]
async fn provision(works: bool) -> Result<(), ()> {
    if works { Ok(()) } else { Err(()) }
}

#[instrument_task]
fn prune(works: bool) -> Result<(), ()> {
    if works { Ok(()) } else { Err(()) }
}

#[instrument_reconcile(kind = "VirtualMachine")]
async fn reconcile(works: bool) -> Result<(), ()> {
    if works { Ok(()) } else { Err(()) }
}

#[instrument_provider_call(provider_type = "libvirt", method = method)]
async fn call(method: &str, works: bool) -> Result<(), ()> {
    if works { Ok(()) } else { Err(()) }
}

#[instrument_external_call(service = "billing")]
fn bill(works: bool) -> Result<(), ()> {
    if works { Ok(()) } else { Err(()) }
}

#[test]
fn functions_marked_as_other_work_do_not_allocate() {
    let (_registry, recorder) = recorder();
    recorder.in_scope(|| {
        for works in [true, false] {
            allocates_nothing("query", || {
                _ = black_box(poll_now(query("vms", works)));
            });
            allocates_nothing("vm", || _ = black_box(create("host-1", works)));
            allocates_nothing("job", || _ = black_box(poll_now(provision(works))));
            allocates_nothing("task", || _ = black_box(prune(works)));
            allocates_nothing("reconcile", || _ = black_box(poll_now(reconcile(works))));
            allocates_nothing("provider call", || {
                _ = black_box(poll_now(call("CreateVM", works)));
            });
            allocates_nothing("external call", || _ = black_box(bill(works)));
        }
    });
}

#[test]
fn memory_is_flat_while_a_million_values_meet_the_cap() {
    use std::fmt::Write as _;
    const VALUES: u64 = 1_000_000;
    let registry = Registry::new();
    let acme: Acme = registry.register().unwrap();
    let mut name = String::with_capacity(32);
    let mut count = |from: u64, to: u64| {
        for tenant in from..to {
            name.clear();
            let _ = write!(name, "tenant-{tenant}");
            acme.tenants_total.inc(&OpenRef {
                color: Color::Red,
                tenant: &name,
            });
            acme.tenant_seconds.observe(
                &OpenRef {
                    color: Color::Red,
                    tenant: &name,
                },
                0.5,
            );
        }
    };
    // Past the cap, so that the series that stands for the others is there as well.
    count(0, 100);
    let grown = measure(|| count(100, VALUES));
    assert!(
        grown.bytes_max <= 1 << 20,
        "grew by {} bytes",
        grown.bytes_max
    );
    let snapshot = registry.snapshot();
    let series = snapshot.series("acme_tenants_total");
    assert_eq!(series.len(), 65, "the cap, and one for all others");
    assert_eq!(snapshot.sum("acme_tenants_total", &[]), VALUES as f64);
    assert_eq!(
        snapshot.sum("acme_tenants_total", &[("tenant", "__other__")]),
        (VALUES - 64) as f64
    );
    assert_eq!(snapshot.sum("acme_tenant_seconds", &[]), VALUES as f64);
}
