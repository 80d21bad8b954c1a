//! What an expansion does: every call is counted once, however it is written and however it ends.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use novacron_telemetry::catalog::dwcp::DwcpMode;
use novacron_telemetry::catalog::migration::MigrationMetrics;
use novacron_telemetry::catalog::{ApiMetrics, Catalog, Status};
use novacron_telemetry::metric::Descriptor;
use novacron_telemetry::record::{Failure, Outcome, Recorder, Settings};
use novacron_telemetry::registry::{Groups, Registry};
use novacron_telemetry::{instrument_api, instrument_migration};

#[derive(Debug)]
struct Missing;

impl Missing {
    fn failure(&self) -> Failure {
        Failure::from_status(Status::new(404))
    }
}

/// A service that answers, or does not.
struct Service {
    telemetry: Recorder,
}

impl Service {
    #[instrument_api(method = "GET", error = Missing::failure, telemetry = self.telemetry)]
    async fn awaited(&self, found: bool) -> Result<u8, Missing> {
        if !found {
            return Err(Missing);
        }
        Ok(1)
    }

    #[instrument_api(outcome = Outcome::from_option, telemetry = self.telemetry)]
    fn called(&mut self, found: bool) -> Option<u8> {
        found.then_some(1)
    }

    #[instrument_api(telemetry = self.telemetry)]
    async fn outer(&self) -> Result<u8, Missing> {
        self.awaited(true).await
    }

    #[instrument_api(telemetry = self.telemetry)]
    async fn abandoned(&self) {
        pending::<()>().await;
    }

    #[instrument_api(telemetry = self.telemetry)]
    fn panicking(&self) {
        panic!("as it should");
    }

    #[instrument_api(telemetry = self.telemetry)]
    fn boxed(&self) -> Pin<Box<dyn Future<Output = Result<u8, Missing>> + Send + '_>> {
        Box::pin(async move { Ok(1) })
    }

    #[instrument_migration(
        source = "node-1",
        destination = &to,
        mode = DwcpMode::Hybrid,
        bytes = |moved| *moved,
        downtime = |_| Duration::from_millis(20),
        telemetry = self.telemetry,
    )]
    async fn migrate(&self, to: String) -> Result<u64, Missing> {
        if to.is_empty() {
            Err(Missing)
        } else {
            Ok(4096)
        }
    }
}

#[async_trait]
trait Store {
    async fn stored(&self) -> Result<u8, Missing>;
}

#[async_trait]
impl Store for Service {
    #[instrument_api(endpoint = "/stored", telemetry = self.telemetry)]
    async fn stored(&self) -> Result<u8, Missing> {
        Err(Missing)
    }
}

/// A service, and where it counts.
fn service() -> (Service, Registry) {
    let registry = Registry::new();
    let catalog = Catalog::register(&registry, Groups::ALL).unwrap();
    let telemetry = Recorder::new(catalog, Settings::default());
    (Service { telemetry }, registry)
}

fn sum(registry: &Registry, family: &Descriptor, labels: &[(&str, &str)]) -> f64 {
    registry.snapshot().sum(family.name, labels)
}

fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn requests(registry: &Registry, endpoint: &str, status: &str) -> f64 {
    let labels = [("endpoint", endpoint), ("status", status)];
    sum(registry, ApiMetrics::REQUESTS_TOTAL, &labels)
}

fn all_requests(registry: &Registry) -> f64 {
    sum(registry, ApiMetrics::REQUESTS_TOTAL, &[])
}

#[test]
fn a_value_is_read_as_the_arguments_say() {
    let (mut service, registry) = service();
    assert!(poll(service.awaited(true)).is_ready());
    assert!(poll(service.awaited(false)).is_ready());
    service.called(true);
    service.called(false);

    assert_eq!(requests(&registry, "awaited", "200"), 1.0);
    assert_eq!(requests(&registry, "awaited", "404"), 1.0);
    assert_eq!(requests(&registry, "called", "200"), 1.0);
    assert_eq!(requests(&registry, "called", "404"), 1.0);
    assert_eq!(all_requests(&registry), 4.0);
    assert_eq!(
        sum(&registry, ApiMetrics::REQUESTS_TOTAL, &[("method", "GET")]),
        2.0
    );
}

#[test]
fn a_call_inside_a_call_is_one_request() {
    let (service, registry) = service();
    assert!(poll(service.outer()).is_ready());
    assert_eq!(requests(&registry, "outer", "200"), 1.0);
    assert_eq!(all_requests(&registry), 1.0);
}

#[test]
fn a_dropped_future_is_counted_if_it_was_polled() {
    let (service, registry) = service();
    drop(service.abandoned());
    assert_eq!(all_requests(&registry), 0.0, "it never began");
    assert!(poll(service.abandoned()).is_pending());
    assert_eq!(requests(&registry, "abandoned", "499"), 1.0);
    assert_eq!(sum(&registry, ApiMetrics::REQUESTS_IN_FLIGHT, &[]), 0.0);
}

#[test]
fn a_panic_is_counted_and_goes_on() {
    let (service, registry) = service();
    let result = catch_unwind(AssertUnwindSafe(|| service.panicking()));
    assert!(result.is_err());
    assert_eq!(requests(&registry, "panicking", "500"), 1.0);
    assert_eq!(sum(&registry, ApiMetrics::PANICS_TOTAL, &[]), 1.0);
}

#[test]
fn a_returned_future_is_counted_when_it_is_awaited() {
    let (service, registry) = service();
    drop((service.boxed(), service.stored()));
    assert_eq!(all_requests(&registry), 0.0, "they never began");
    assert!(poll(service.boxed()).is_ready());
    assert!(poll(service.stored()).is_ready());
    assert_eq!(requests(&registry, "boxed", "200"), 1.0);
    assert_eq!(requests(&registry, "/stored", "500"), 1.0);
}

#[test]
fn a_migration_says_where_how_and_how_much() {
    let (service, registry) = service();
    assert!(poll(service.migrate("node-2".into())).is_ready());
    assert!(poll(service.migrate(String::new())).is_ready());

    let done = [
        ("source", "node-1"),
        ("destination", "node-2"),
        ("status", "success"),
    ];
    let migrations = MigrationMetrics::MIGRATIONS_TOTAL;
    assert_eq!(sum(&registry, migrations, &done), 1.0);
    assert_eq!(sum(&registry, migrations, &[("status", "failed")]), 1.0);
    assert_eq!(
        sum(
            &registry,
            MigrationMetrics::TRANSFERRED_BYTES_TOTAL,
            &[("mode", "hybrid")]
        ),
        4096.0
    );
    let pauses = MigrationMetrics::MIGRATION_DOWNTIME_SECONDS;
    assert_eq!(sum(&registry, pauses, &[("mode", "hybrid")]), 1.0);
}
