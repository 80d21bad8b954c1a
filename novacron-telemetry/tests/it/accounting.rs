//! One end per call, and the right one: dropped, panicked, timed out, nested, moved.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::time::Duration;

use novacron_telemetry::catalog::database::DbOperation;
use novacron_telemetry::catalog::dwcp::DwcpMode;
use novacron_telemetry::catalog::reconcile::ResourceKind;
use novacron_telemetry::catalog::vm::VmOperation;
use novacron_telemetry::catalog::{Method, ProviderType};
use novacron_telemetry::metric::Seconds;
use novacron_telemetry::record::{
    ApiSite, BackgroundJob, DatabaseQuery, Migration, MigrationSite, Outcome, ProviderCall,
    Reconcile, Recorder, SupportBundle, VmWork, current, outcome_of, record_queue_wait,
    record_vm_operation, work_future, work_sync,
};

use crate::books::{Books, Requests, poll, quiet_panic, wait};

fn site(recorder: &Recorder) -> ApiSite {
    ApiSite::new(recorder.clone(), "/api/v1/vms").method(Method::Get)
}

/// A marked function around a body that returns a `Result`.
fn api<T, E, F>(recorder: &Recorder, body: F) -> impl Future<Output = Result<T, E>> + use<T, E, F>
where
    F: Future<Output = Result<T, E>>,
{
    work_future(site(recorder), outcome_of, (), body)
}

async fn fine() -> Result<(), ()> {
    wait().await;
    Ok(())
}

#[test]
fn a_call_that_is_dropped_before_its_first_poll_was_cancelled() {
    let books = Books::new();
    let call = api(&books.recorder, fine());
    assert_eq!(books.requests().in_flight, 1);
    drop(call);
    assert_eq!(books.requests(), Requests::ended(&[(499, 1)]));
    assert_eq!(books.sum("api_client_disconnects_total", &[]), 1.0);
}

#[test]
fn a_call_that_is_dropped_half_way_was_cancelled() {
    let books = Books::new();
    let mut call = Box::pin(api(&books.recorder, fine()));
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(books.requests().in_flight, 1);
    drop(call);
    assert_eq!(books.requests(), Requests::ended(&[(499, 1)]));
    assert_eq!(
        books.sum("api_request_duration_seconds", &[]),
        0.0,
        "it had no answer to time"
    );
}

#[test]
fn a_call_that_is_done_has_ended_before_it_is_dropped() {
    let books = Books::new();
    let mut call = Box::pin(api(&books.recorder, fine()));
    while poll(call.as_mut()).is_pending() {}
    assert_eq!(books.requests(), Requests::ended(&[(200, 1)]));
    drop(call);
    assert_eq!(
        books.requests(),
        Requests::ended(&[(200, 1)]),
        "and has no second end"
    );
}

#[test]
fn a_panic_is_counted_once_and_goes_on_unchanged() {
    let books = Books::new();
    let mut call = Box::pin(api(&books.recorder, async {
        wait().await;
        std::panic::panic_any(1234_u32);
        #[allow(unreachable_code, reason = "it says what would be returned")]
        Ok::<(), ()>(())
    }));
    assert!(poll(call.as_mut()).is_pending());
    let panic = catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()))).unwrap_err();
    assert_eq!(panic.downcast_ref::<u32>(), Some(&1234));
    assert_eq!(
        books.requests(),
        Requests::ended(&[(500, 1)]),
        "before it is dropped"
    );
    drop(call);
    assert_eq!(books.requests(), Requests::ended(&[(500, 1)]));
    assert_eq!(books.sum("api_panics_total", &[]), 1.0);
    assert_eq!(
        books.sum("api_errors_total", &[("error_type", "panic")]),
        1.0
    );
}

#[test]
fn a_function_that_panics_is_counted_once_too() {
    let books = Books::new();
    let call = || {
        work_sync(site(&books.recorder), outcome_of::<(), _>, (), || {
            quiet_panic()
        });
    };
    catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    assert_eq!(books.requests(), Requests::ended(&[(500, 1)]));
}

#[test]
fn a_panic_that_the_body_catches_is_none_of_ours() {
    let books = Books::new();
    let body = || catch_unwind(|| quiet_panic()).map_err(drop);
    let caught: Result<(), ()> = work_sync(
        site(&books.recorder),
        |_: &Result<(), ()>| Outcome::Success,
        (),
        body,
    );
    assert_eq!(caught, Err(()));
    assert_eq!(books.requests(), Requests::ended(&[(200, 1)]));
    assert_eq!(books.sum("api_panics_total", &[]), 0.0);
}

#[test]
fn a_classifier_that_panics_does_not_take_the_result_with_it() {
    let books = Books::new();
    let mut call = pin!(work_future(
        site(&books.recorder),
        |_: &u32| quiet_panic(),
        (),
        async { 7 },
    ));
    assert_eq!(poll(call.as_mut()), std::task::Poll::Ready(7));
    assert_eq!(books.requests(), Requests::ended(&[(500, 1)]));
    // Counted by the recorder of the call, which is nobody else's.
    assert_eq!(
        books.sum("telemetry_internal_errors_total", &[("site", "classifier")]),
        1.0
    );
    assert_eq!(
        books.sum("api_panics_total", &[]),
        0.0,
        "the call itself did not panic"
    );
}

#[test]
fn a_request_inside_a_request_is_one_request() {
    let books = Books::new();
    let inner = async { api(&current(), fine()).await };
    let mut call = pin!(api(&books.recorder, inner));
    while poll(call.as_mut()).is_pending() {
        assert_eq!(books.requests().in_flight, 1);
    }
    assert_eq!(books.requests(), Requests::ended(&[(200, 1)]));
}

#[test]
fn two_requests_one_after_the_other_are_two() {
    let books = Books::new();
    for _ in 0..2 {
        let mut call = pin!(api(&books.recorder, fine()));
        while poll(call.as_mut()).is_pending() {}
    }
    assert_eq!(
        books.requests(),
        Requests::ended(&[(200, 2)]),
        "the first left nothing behind"
    );
}

#[test]
fn a_request_inside_a_migration_is_both() {
    let books = Books::new();
    let site =
        MigrationSite::new(books.recorder.clone(), "node-1", "node-2").mode(DwcpMode::Internet);
    let body = async { api(&current(), fine()).await };
    let mut call = pin!(work_future(site, outcome_of, (), body));
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(books.requests().in_flight, 1);
    assert_eq!(
        books.sum("dwcp_migrations_in_flight", &[("mode", "internet")]),
        1.0
    );
    assert!(poll(call.as_mut()).is_ready());
    assert_eq!(books.requests(), Requests::ended(&[(200, 1)]));
    assert_eq!(
        books.sum("dwcp_migrations_total", &[("status", "success")]),
        1.0
    );
    assert_eq!(books.sum("dwcp_migrations_in_flight", &[]), 0.0);
}

#[test]
fn a_call_that_somebody_elses_panic_drops_was_cancelled() {
    let books = Books::new();
    let mut call = Box::pin(api(&books.recorder, fine()));
    assert!(poll(call.as_mut()).is_pending());
    let unwinding = || {
        let _held = call;
        quiet_panic();
    };
    catch_unwind(AssertUnwindSafe(unwinding)).unwrap_err();
    assert_eq!(
        books.requests(),
        Requests::ended(&[(499, 1)]),
        "it did not panic itself"
    );
}

#[test]
fn a_call_begun_and_ended_by_a_destructor_that_unwinds_is_a_success() {
    struct Cleanup(Recorder);
    impl Drop for Cleanup {
        fn drop(&mut self) {
            work_sync(site(&self.0), outcome_of, (), || ());
        }
    }
    let books = Books::new();
    let cleanup = Cleanup(books.recorder.clone());
    let unwinding = move || {
        let _cleanup = cleanup;
        quiet_panic();
    };
    catch_unwind(AssertUnwindSafe(unwinding)).unwrap_err();
    assert_eq!(books.requests(), Requests::ended(&[(200, 1)]));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_around_a_call_cancels_it() {
    let books = Books::new();
    let endless = std::future::pending::<Result<(), ()>>();
    let call = api(&books.recorder, endless);
    tokio::time::timeout(Duration::from_secs(1), call)
        .await
        .unwrap_err();
    assert_eq!(books.requests(), Requests::ended(&[(499, 1)]));
    assert_eq!(
        books.sum("api_timeouts_total", &[]),
        0.0,
        "from inside nobody saw a time-out"
    );
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_a_call_is_a_timeout() {
    let books = Books::new();
    let classify = |result: &Result<(), tokio::time::error::Elapsed>| match result {
        Ok(()) => Outcome::Success,
        Err(_) => Outcome::TimedOut,
    };
    let body = tokio::time::timeout(Duration::from_secs(1), std::future::pending());
    let call = work_future(site(&books.recorder), classify, (), body);
    call.await.unwrap_err();
    assert_eq!(books.requests(), Requests::ended(&[(504, 1)]));
    assert_eq!(books.sum("api_timeouts_total", &[]), 1.0);
    assert_eq!(
        books.sum("api_errors_total", &[("error_type", "timeout")]),
        1.0
    );
}

#[test]
fn a_call_may_move_between_threads() {
    let books = Books::new();
    let mut call = Box::pin(api(&books.recorder, async {
        for _ in 0..4 {
            record_vm_operation("start", "success", 0.1);
            wait().await;
        }
        Ok::<(), ()>(())
    }));
    loop {
        let (polled, returned) = std::thread::spawn(move || {
            let polled = poll(call.as_mut());
            record_vm_operation("stop", "success", 0.1);
            (polled, call)
        })
        .join()
        .unwrap();
        call = returned;
        if polled.is_ready() {
            break;
        }
    }
    assert_eq!(books.requests(), Requests::ended(&[(200, 1)]));
    assert_eq!(
        books.sum("vm_operations_total", &[("operation", "start")]),
        4.0
    );
    let outside = books.sum("vm_operations_total", &[("operation", "stop")]);
    assert_eq!(
        outside, 0.0,
        "no thread keeps the frame of a call it polled"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_spawned_leaves_the_scope_and_scope_takes_it_back_in() {
    let books = Books::new();
    let recorder = books.recorder.clone();
    let body = async {
        let lost = tokio::spawn(async { record_vm_operation("start", "success", 0.1) });
        let kept = current().scope(async {
            tokio::task::yield_now().await;
            record_vm_operation("stop", "success", 0.1);
        });
        let kept = tokio::spawn(kept);
        lost.await.unwrap();
        kept.await.unwrap();
        Ok::<(), ()>(())
    };
    api(&recorder, body).await.unwrap();
    assert_eq!(
        books.sum("vm_operations_total", &[("operation", "start")]),
        0.0
    );
    assert_eq!(
        books.sum("vm_operations_total", &[("operation", "stop")]),
        1.0
    );
}

#[test]
fn a_request_in_a_task_that_was_taken_back_in_is_a_request_of_its_own() {
    let books = Books::new();
    let spawned = books
        .recorder
        .scope(async { api(&current(), fine()).await });
    let mut spawned = pin!(spawned);
    let body = async { std::future::poll_fn(|_| poll(spawned.as_mut())).await };
    let mut call = pin!(api(&books.recorder, body));
    while poll(call.as_mut()).is_pending() {}
    assert_eq!(
        books.requests(),
        Requests::ended(&[(200, 2)]),
        "a scope owns no request"
    );
}

#[test]
fn guards_that_nobody_decides_have_one_end_and_not_a_good_one() {
    let books = Books::new();
    books.recorder.in_scope(|| {
        drop(VmWork::begin(VmOperation::Start));
        drop(DatabaseQuery::begin(DbOperation::Select, "vms"));
        drop(BackgroundJob::begin("prune"));
        drop(Reconcile::begin(ResourceKind::VmSet));
        drop(ProviderCall::begin(ProviderType::Mock, "CreateVM"));
        drop(SupportBundle::begin("standard", "none"));
        drop(Migration::new("a", "b").begin());
    });
    for (family, labels) in [
        ("vm_operations_total", ("status", "error")),
        ("database_queries_total", ("status", "error")),
        ("background_job_runs_total", ("status", "cancelled")),
        ("manager_reconcile_total", ("outcome", "error")),
        ("provider_rpc_requests_total", ("code", "CANCELLED")),
        ("support_bundle_failures_total", ("reason", "other")),
        ("dwcp_migrations_total", ("status", "cancelled")),
    ] {
        assert_eq!(books.sum(family, &[labels]), 1.0, "{family} {labels:?}");
        assert_eq!(books.sum(family, &[]), 1.0, "{family} has no other end");
    }
}

#[test]
fn a_guard_that_is_dropped_by_a_panic_does_not_panic_again() {
    let books = Books::new();
    let unwinding = || {
        books.recorder.in_scope(|| {
            let _vm = VmWork::begin(VmOperation::Create);
            let _query = DatabaseQuery::begin(DbOperation::Insert, "vms");
            let _run = Migration::new("a", "b").mode(DwcpMode::Hybrid).begin();
            quiet_panic();
        });
    };
    catch_unwind(AssertUnwindSafe(unwinding)).unwrap_err();
    assert_eq!(
        books.sum("vm_operations_total", &[("status", "error")]),
        1.0
    );
    assert_eq!(
        books.sum("database_queries_total", &[("status", "error")]),
        1.0
    );
    assert_eq!(books.sum("dwcp_migrations_in_flight", &[]), 0.0);
}

/// A duration of the host's, whose conversion is the host's code.
struct Stopwatch;

impl From<Stopwatch> for Seconds {
    fn from(_: Stopwatch) -> Self {
        quiet_panic();
    }
}

#[test]
fn a_conversion_of_the_host_that_panics_leaves_the_verbs_usable() {
    let books = Books::new();
    books.recorder.in_scope(|| {
        let call = || record_vm_operation("start", "success", Stopwatch);
        catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        record_vm_operation("start", "success", 1.0);
    });
    assert_eq!(
        books.sum("vm_operations_total", &[("status", "success")]),
        1.0
    );
}

#[test]
fn a_verb_in_the_destructor_of_a_thread_local_is_at_worst_silent() {
    struct Farewell(Recorder);
    impl Drop for Farewell {
        fn drop(&mut self) {
            record_queue_wait(0.1);
            self.0.in_scope(|| record_queue_wait(0.1));
            self.0.catalog().api.queue_wait_seconds.observe(0.1);
        }
    }
    thread_local! {
        static FAREWELL: std::cell::RefCell<Option<Farewell>> = const {
            std::cell::RefCell::new(None)
        };
    }
    let books = Books::new();
    let recorder = books.recorder.clone();
    let thread = std::thread::spawn(move || {
        FAREWELL.with(|farewell| *farewell.borrow_mut() = Some(Farewell(recorder.clone())));
        recorder.in_scope(|| record_queue_wait(0.1));
    });
    thread.join().expect("no panic on the way out");
    let observed = books.sum("api_queue_wait_seconds", &[]);
    assert!(
        (2.0..=3.0).contains(&observed),
        "{observed}: the held handle always counts"
    );
}

#[test]
fn a_failure_is_an_increase_from_the_first_time_on() {
    let books = Books::new();
    books.recorder.in_scope(|| {
        drop(DatabaseQuery::begin(DbOperation::Select, "vms"));
        record_vm_operation("start", "success", 0.1);
        record_vm_operation("start", "success", 0.1);
        Migration::new("a", "b").finish(Outcome::Success, 1.0);
    });
    let snapshot = books.snapshot();
    let shown = |family: &str| snapshot.series(family).len();
    assert_eq!(shown("novacron_database_queries_total"), 2);
    assert_eq!(shown("novacron_vm_operations_total"), 3);
    assert_eq!(shown("novacron_dwcp_migrations_total"), 3);
}

/// The reason for a failure goes to the layer that counts; the status on the wire stays.
#[cfg(feature = "http")]
#[tokio::test]
async fn a_failure_is_handed_to_the_owner_of_the_request() {
    use http::{Request, Response};
    use novacron_telemetry::catalog::Status;
    use novacron_telemetry::layer::http::HttpLayer;
    use novacron_telemetry::record::Failure;
    use tower::{Layer, Service};
    type NoBody = http_body_util::Empty<bytes::Bytes>;

    let books = Books::new();
    let layer = HttpLayer::new(books.recorder.clone())
        .routes([(Method::Get, "/api/v1/vms")])
        .unwrap();
    let mut service = layer.layer(tower::service_fn(|_: Request<NoBody>| async {
        let missing = Failure::from_status(Status::new(404));
        let classify = move |_: &Result<(), ()>| missing.into();
        let handler = work_future(site(&current()), classify, (), async { Err::<(), ()>(()) });
        handler.await.unwrap_err();
        let mut response = Response::new(NoBody::new());
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        Ok::<_, std::convert::Infallible>(response)
    }));
    let request = Request::get("/api/v1/vms").body(NoBody::new()).unwrap();
    drop(service.call(request).await.unwrap());
    assert_eq!(books.requests(), Requests::ended(&[(503, 1)]));
    assert_eq!(books.sum("api_errors_total", &[]), 1.0);
    assert_eq!(
        books.sum("api_errors_total", &[("error_type", "not_found")]),
        1.0
    );
}
