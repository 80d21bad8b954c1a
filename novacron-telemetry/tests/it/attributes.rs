//! The attributes at work: one count per call, with the right labels, whatever is marked.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use novacron_telemetry::catalog::Status;
use novacron_telemetry::catalog::dwcp::DwcpMode;
use novacron_telemetry::record::{Failure, Outcome, Recorder};
use novacron_telemetry::{instrument_api, instrument_migration};

use crate::books::{Books, Requests, poll, quiet_panic, wait};

#[derive(Debug, PartialEq)]
enum VmError {
    Missing,
    Busy,
}

impl VmError {
    fn failure(&self) -> Failure {
        Failure::from_status(match self {
            VmError::Missing => Status::new(404),
            VmError::Busy => Status::new(409),
        })
    }
}

/// Runs a future to its end in the scope of these books.
fn run<F: Future>(books: &Books, future: F) -> F::Output {
    let mut future = pin!(books.recorder.scope(future));
    loop {
        if let std::task::Poll::Ready(value) = poll(future.as_mut()) {
            return value;
        }
    }
}

/// Exactly one request ended, with these labels.
#[track_caller]
fn one(books: &Books, method: &str, endpoint: &str, status: &str) {
    let labels = [
        ("method", method),
        ("endpoint", endpoint),
        ("status", status),
    ];
    assert_eq!(
        books.sum("api_requests_total", &labels),
        1.0,
        "{:?}",
        books.requests()
    );
    assert_eq!(
        books.sum("api_requests_total", &[]),
        1.0,
        "{:?}",
        books.requests()
    );
    assert_eq!(books.requests().in_flight, 0);
}

#[instrument_api]
async fn list_vms() -> Result<Vec<u32>, VmError> {
    wait().await;
    Ok(vec![1, 2])
}

#[instrument_api(endpoint = "/vms/{id}", method = "GET", error = VmError::failure)]
async fn get_vm(id: u32) -> Result<u32, VmError> {
    match id {
        0 => Err(VmError::Missing),
        1 => Err(VmError::Busy),
        id => Ok(id),
    }
}

#[test]
fn a_success_is_200_under_the_name_of_the_function() {
    let books = Books::new();
    assert_eq!(run(&books, list_vms()), Ok(vec![1, 2]));
    one(&books, "OTHER", "list_vms", "200");
    assert_eq!(
        books.sum("api_request_duration_seconds", &[("endpoint", "list_vms")]),
        1.0
    );
    assert_eq!(books.sum("api_errors_total", &[]), 0.0);
}

#[test]
fn an_error_has_the_status_and_class_that_its_function_reads() {
    for (id, status, class) in [(0, "404", "not_found"), (1, "409", "conflict")] {
        let books = Books::new();
        run(&books, get_vm(id)).unwrap_err();
        one(&books, "GET", "/vms/{id}", status);
        assert_eq!(books.sum("api_errors_total", &[("error_type", class)]), 1.0);
        assert_eq!(books.sum("api_errors_total", &[]), 1.0);
    }
    let books = Books::new();
    assert_eq!(run(&books, get_vm(7)), Ok(7));
    one(&books, "GET", "/vms/{id}", "200");
}

#[test]
fn an_error_that_nobody_reads_is_internal() {
    #[instrument_api(method = "POST")]
    async fn create_vm() -> Result<(), VmError> {
        Err(VmError::Busy)
    }
    let books = Books::new();
    assert_eq!(run(&books, create_vm()), Err(VmError::Busy));
    one(&books, "POST", "create_vm", "500");
    assert_eq!(
        books.sum("api_errors_total", &[("error_type", "internal")]),
        1.0
    );
}

#[test]
fn a_panic_goes_on_and_is_counted() {
    #[instrument_api(endpoint = "/panics")]
    async fn panics() {
        wait().await;
        quiet_panic();
    }
    let books = Books::new();
    let payload = catch_unwind(AssertUnwindSafe(|| run(&books, panics()))).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
    one(&books, "OTHER", "/panics", "500");
    assert_eq!(
        books.sum("api_panics_total", &[("endpoint", "/panics")]),
        1.0
    );
}

#[test]
fn a_call_that_is_dropped_was_cancelled_and_one_that_never_ran_is_none() {
    let books = Books::new();
    drop(books.recorder.scope(list_vms()));
    assert_eq!(books.requests(), Requests::ended(&[]), "it was never begun");
    let mut call = Box::pin(books.recorder.scope(list_vms()));
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(books.requests().in_flight, 1);
    drop(call);
    one(&books, "OTHER", "list_vms", "499");
}

#[test]
fn a_function_that_is_not_async_is_counted_the_same() {
    #[instrument_api(endpoint = "/sum", method = "PUT")]
    fn sum(numbers: &[u32]) -> Result<u32, String> {
        if numbers.is_empty() {
            return Err("nothing to add".to_owned());
        }
        Ok(numbers.iter().sum())
    }
    let books = Books::new();
    assert_eq!(books.recorder.in_scope(|| sum(&[1, 2])), Ok(3));
    one(&books, "PUT", "/sum", "200");
    let books = Books::new();
    books.recorder.in_scope(|| sum(&[])).unwrap_err();
    one(&books, "PUT", "/sum", "500");
}

#[test]
fn early_returns_and_question_marks_leave_through_the_count() {
    #[instrument_api(error = VmError::failure)]
    async fn twice(id: u32) -> Result<u32, VmError> {
        if id == 9 {
            return Ok(9);
        }
        let id = async {
            if id == 0 {
                Err(VmError::Missing)
            } else {
                Ok(id)
            }
        }
        .await?;
        Ok(id * 2)
    }
    for (id, status) in [(9, "200"), (0, "404"), (4, "200")] {
        let books = Books::new();
        drop(run(&books, twice(id)));
        one(&books, "OTHER", "twice", status);
    }
}

struct Service {
    telemetry: Recorder,
    sizes: Vec<u32>,
}

impl Service {
    #[instrument_api(endpoint = "/resize", telemetry = self.telemetry)]
    async fn resize(&mut self, by: u32) -> Result<usize, VmError> {
        wait().await;
        self.sizes.push(by);
        Ok(self.sizes.len())
    }

    #[instrument_api(endpoint = "/size", telemetry = &self.telemetry, outcome = Outcome::from_option)]
    fn largest(&self) -> Option<&u32> {
        self.sizes.iter().max()
    }

    #[instrument_api(endpoint = "/into")]
    async fn into_sizes(self) -> Result<Vec<u32>, VmError> {
        Ok(self.sizes)
    }
}

#[test]
fn methods_and_an_explicit_recorder_work_whoever_is_current() {
    let (books, others) = (Books::new(), Books::new());
    let telemetry = books.recorder.clone();
    let mut service = Service {
        telemetry,
        sizes: Vec::new(),
    };
    assert_eq!(
        others.recorder.in_scope(|| service.largest().copied()),
        None
    );
    one(&books, "OTHER", "/size", "404");
    assert_eq!(run(&others, service.resize(4)), Ok(1));
    assert_eq!(books.requests(), Requests::ended(&[(200, 1), (404, 1)]));
    assert_eq!(others.requests(), Requests::ended(&[]));
    assert_eq!(run(&others, service.into_sizes()), Ok(vec![4]));
    one(&others, "OTHER", "/into", "200");
}

#[test]
fn generics_borrows_and_impl_trait_stay_what_they_are() {
    #[instrument_api]
    async fn longest<'a, T>(one: &'a T, other: &'a T) -> Result<&'a T, VmError>
    where
        T: AsRef<str> + ?Sized,
    {
        wait().await;
        Ok(if one.as_ref().len() >= other.as_ref().len() {
            one
        } else {
            other
        })
    }

    #[instrument_api]
    fn shown(parts: impl IntoIterator<Item = u32>) -> Result<impl Display, VmError> {
        Ok(parts.into_iter().sum::<u32>())
    }

    #[instrument_api]
    async fn pattern((left, right): (u32, u32), mut sum: u32) -> Result<u32, VmError> {
        sum += left + right;
        Ok(sum)
    }

    fn assert_send<T: Send>(value: T) -> T {
        value
    }

    let books = Books::new();
    let (short, long) = ("ab".to_owned(), "abc".to_owned());
    assert_eq!(run(&books, assert_send(longest(&short, &long))), Ok(&long));
    one(&books, "OTHER", "longest", "200");

    let books = Books::new();
    let text = books
        .recorder
        .in_scope(|| shown([1, 2, 3]))
        .ok()
        .map(|sum| sum.to_string());
    assert_eq!(text.as_deref(), Some("6"));
    one(&books, "OTHER", "shown", "200");

    let books = Books::new();
    assert_eq!(run(&books, pattern((1, 2), 3)), Ok(6));
    one(&books, "OTHER", "pattern", "200");
}

#[async_trait::async_trait]
trait Store: Sync {
    async fn load(&self, id: u32) -> Result<u32, VmError>;
}

struct Memory;

#[async_trait::async_trait]
impl Store for Memory {
    #[instrument_api(endpoint = "/load", method = "GET", error = VmError::failure)]
    async fn load(&self, id: u32) -> Result<u32, VmError> {
        wait().await;
        if id == 0 {
            Err(VmError::Missing)
        } else {
            Ok(id)
        }
    }
}

#[test]
fn a_method_of_an_async_trait_is_counted_once_and_when_it_ends() {
    let books = Books::new();
    let store: Arc<dyn Store> = Arc::new(Memory);
    let mut call = pin!(books.recorder.scope(async move { store.load(0).await }));
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(books.requests().in_flight, 1, "it goes on");
    assert!(poll(call.as_mut()).is_ready());
    one(&books, "GET", "/load", "404");
}

#[test]
fn an_outcome_that_a_closure_reads_is_the_outcome() {
    #[instrument_api(endpoint = "/ready", outcome = |ready| *ready)]
    fn ready(value: bool) -> bool {
        value
    }

    #[instrument_api(endpoint = "/slow", outcome = |late| match late {
        true => Outcome::TimedOut,
        false => Outcome::Success,
    })]
    async fn slow(late: bool) -> bool {
        late
    }

    let books = Books::new();
    books.recorder.in_scope(|| (ready(true), ready(false)));
    assert_eq!(books.requests(), Requests::ended(&[(200, 1), (500, 1)]));

    let books = Books::new();
    run(&books, slow(true));
    one(&books, "OTHER", "/slow", "504");
    assert_eq!(
        books.sum("api_timeouts_total", &[("endpoint", "/slow")]),
        1.0
    );
}

#[test]
fn a_marked_function_inside_a_marked_function_is_one_request() {
    #[instrument_api(endpoint = "/outer", method = "GET")]
    async fn outer() -> Result<u32, VmError> {
        let vms = list_vms().await?;
        get_vm(0).await.unwrap_or_default();
        Ok(vms.len() as u32)
    }
    let books = Books::new();
    assert_eq!(run(&books, outer()), Ok(2));
    one(&books, "GET", "/outer", "200");
}

struct Migrated {
    bytes: u64,
    pause: Duration,
}

#[instrument_migration(
    source = from,
    destination = &to,
    mode = DwcpMode::Hybrid,
    bytes = |done| done.bytes,
    downtime = |done| done.pause,
)]
async fn migrate(from: &str, to: String, works: bool) -> Result<Migrated, VmError> {
    // The attribute borrowed it before the body took it.
    drop(to);
    wait().await;
    if !works {
        return Err(VmError::Busy);
    }
    get_vm(7).await?;
    Ok(Migrated {
        bytes: 4096,
        pause: Duration::from_millis(20),
    })
}

/// Exactly one migration ended, with this status.
#[track_caller]
fn one_migration(books: &Books, status: &str) {
    let labels = [
        ("source", "node-1"),
        ("destination", "node-2"),
        ("status", status),
    ];
    assert_eq!(books.sum("dwcp_migrations_total", &labels), 1.0);
    assert_eq!(books.sum("dwcp_migrations_total", &[]), 1.0);
    assert_eq!(
        books.sum("dwcp_migration_duration_seconds", &labels[..2]),
        1.0
    );
    assert_eq!(books.sum("dwcp_migrations_in_flight", &[]), 0.0);
}

#[test]
fn a_migration_is_counted_and_measured() {
    let books = Books::new();
    assert!(run(&books, migrate("node-1", "node-2".to_owned(), true)).is_ok());
    one_migration(&books, "success");
    one(&books, "GET", "/vms/{id}", "200");
    let mode = [("mode", "hybrid")];
    assert_eq!(books.sum("dwcp_transferred_bytes_total", &mode), 4096.0);
    assert_eq!(books.sum("dwcp_migration_downtime_seconds", &mode), 1.0);
    assert_eq!(
        books.sum("dwcp_migration_throughput_bytes_per_second", &mode),
        1.0
    );
}

#[test]
fn a_migration_that_fails_measures_nothing() {
    let books = Books::new();
    assert!(run(&books, migrate("node-1", "node-2".to_owned(), false)).is_err());
    one_migration(&books, "failed");
    assert_eq!(
        books.sum("dwcp_migration_errors_total", &[("error_type", "failed")]),
        1.0
    );
    assert_eq!(books.sum("dwcp_transferred_bytes_total", &[]), 0.0);
}

#[test]
fn a_migration_that_is_dropped_was_cancelled_and_one_that_panics_failed() {
    let books = Books::new();
    let mut call = Box::pin(
        books
            .recorder
            .scope(migrate("node-1", "node-2".to_owned(), true)),
    );
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(
        books.sum("dwcp_migrations_in_flight", &[("mode", "hybrid")]),
        1.0
    );
    drop(call);
    one_migration(&books, "cancelled");

    #[instrument_migration(source = "node-1", destination = "node-2")]
    fn broken() -> Result<(), VmError> {
        quiet_panic();
    }
    let books = Books::new();
    let call = || books.recorder.in_scope(broken);
    catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    one_migration(&books, "failed");
}

#[test]
fn a_migration_that_is_no_result_says_what_it_means() {
    #[instrument_migration(source = "node-1", destination = to, outcome = |moved| *moved > 0)]
    fn copy(to: &str, bytes: u64) -> u64 {
        bytes
    }
    for (bytes, status) in [(4096, "success"), (0, "failed")] {
        let books = Books::new();
        books.recorder.in_scope(|| copy("node-2", bytes));
        one_migration(&books, status);
    }
}
