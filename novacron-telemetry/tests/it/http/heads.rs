//! Requests that end before there is a response.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use novacron_telemetry::record::{Failure, Outcome};
use novacron_telemetry::{instrument_api, instrument_migration, instrument_vm};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use super::Step::{Data, Wait};
use super::{Rig, Scripted, Seen, Until, answer, get, known, streamed};

type Reply = Result<Response<Scripted>, BoxError>;

/// Long enough to be waited for, short enough to wait for.
const BRIEF: Duration = Duration::from_millis(10);

fn gone() -> Seen {
    Seen::left().untimed()
}

#[test]
fn a_request_that_is_dropped_before_its_first_poll_is_a_client_that_left() {
    assert_eq!(
        Rig::new().send(answer(200, known([])), get(), Until::Unpolled),
        gone()
    );
}

#[test]
fn a_request_that_is_dropped_before_its_head_is_a_client_that_left() {
    let waits = service_fn(|_| pending::<Reply>());
    assert_eq!(Rig::new().send(waits, get(), Until::Head), gone());
}

#[test]
fn a_service_that_fails_is_an_internal_error_without_a_latency() {
    let fails = service_fn(|_| async { Reply::Err("no".into()) });
    let expected = Seen::answered("500").error("internal").untimed();
    assert_eq!(Rig::new().send(fails, get(), Until::End), expected);
}

#[test]
fn a_panic_is_counted_wherever_it_happens() {
    let early = service_fn(|_| -> std::future::Ready<Reply> { panic!("in `call`") });
    assert_eq!(
        Rig::new().send(early, get(), Until::End),
        Seen::panicked().untimed()
    );
    let late = service_fn(|_| async { panic!("in the future") as Reply });
    assert_eq!(
        Rig::new().send(late, get(), Until::End),
        Seen::panicked().untimed()
    );
}

#[test]
fn a_request_that_is_dropped_by_somebody_elses_panic_did_not_panic() {
    let rig = Rig::new();
    let mut service = rig.layer().layer(service_fn(|_| pending::<Reply>()));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _waiting = service.call(get());
        panic!("the client's own");
    }));
    assert!(unwound.is_err());
    assert_eq!(Seen::read(&rig.registry), gone());
}

#[tokio::test]
async fn a_timeout_inside_is_counted_as_one_whoever_made_it() {
    let timed_out = Seen {
        timeouts: 1,
        ..Seen::answered("504").error("timeout").untimed()
    };
    let rig = Rig::new();
    let service = ServiceBuilder::new()
        .layer(rig.layer())
        .timeout(BRIEF)
        .service(service_fn(|_: Request<Empty<Bytes>>| pending::<Reply>()));
    service.oneshot(get()).await.unwrap_err();
    assert_eq!(Seen::read(&rig.registry), timed_out);

    let rig = Rig::new();
    let service = rig
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            let waited = tokio::time::timeout(BRIEF, pending::<Reply>());
            waited.await.map_err(BoxError::from)?
        }));
    service.oneshot(get()).await.unwrap_err();
    assert_eq!(Seen::read(&rig.registry), timed_out);
}

#[tokio::test]
async fn a_timeout_outside_looks_like_a_client_that_left() {
    let rig = Rig::new();
    let service = ServiceBuilder::new()
        .timeout(BRIEF)
        .layer(rig.layer())
        .service(service_fn(|_: Request<Empty<Bytes>>| pending::<Reply>()));
    service.oneshot(get()).await.unwrap_err();
    assert_eq!(Seen::read(&rig.registry), gone());
}

#[test]
fn a_service_that_is_polled_on_after_its_end_counts_once() {
    // `Rig::drive` stops at the first wait; this one goes on until the stream says that it is over,
    // and then asks again.
    let rig = Rig::new();
    let mut service = rig
        .layer()
        .layer(answer(200, streamed([Data(1), Wait, Data(1)])));
    let future = service.call(get());
    let std::task::Poll::Ready(Ok(response)) = super::poll_once(std::pin::pin!(future)) else {
        panic!("it answers at once");
    };
    let mut body = std::pin::pin!(response.into_body());
    let mut bytes = 0;
    for _ in 0..6 {
        let polled = super::poll_once(std::pin::pin!(http_body_util::BodyExt::frame(&mut body)));
        if let std::task::Poll::Ready(Some(Ok(frame))) = polled {
            bytes += frame.into_data().unwrap().len();
        }
    }
    assert_eq!(bytes, 2);
    assert_eq!(Seen::read(&rig.registry), Seen::answered("200"));
}

#[derive(Debug)]
struct Refused;

fn classify(_: &Refused) -> Failure {
    Failure::from_status(http_status(409))
}

fn http_status(code: u16) -> novacron_telemetry::catalog::Status {
    novacron_telemetry::catalog::Status::new(code)
}

#[instrument_api(endpoint = "/not/this/one", method = "PUT", error = classify)]
async fn refuse() -> Result<(), Refused> {
    Err(Refused)
}

#[instrument_api(endpoint = "/not/this/one", outcome = |_: &u8| Outcome::Success)]
async fn succeed() -> u8 {
    7
}

#[test]
fn an_attribute_behind_the_layer_adds_the_class_and_nothing_else() {
    // The handler says 409; what is on the wire is 500.
    let wire = service_fn(|_| async {
        let status = if refuse().await.is_err() { 500 } else { 200 };
        Reply::Ok(
            Response::builder()
                .status(status)
                .body(known([Data(2)]))
                .unwrap(),
        )
    });
    let rig = Rig::new();
    assert_eq!(
        rig.send(wire, get(), Until::End),
        Seen::answered("500").error("conflict")
    );
    let attributed = rig.snapshot().sum(
        "novacron_api_requests_total",
        &[("endpoint", "/not/this/one")],
    );
    assert_eq!(attributed, 0.0, "the layer owns the request");
}

#[instrument_vm(operation = "create", error = classify)]
async fn create() -> Result<(), Refused> {
    migrate().await
}

#[instrument_migration(source = "a", destination = "b", error = classify)]
async fn migrate() -> Result<(), Refused> {
    refuse().await
}

#[test]
fn work_of_other_kinds_between_the_layer_and_the_attribute_passes_the_class_on() {
    let wire = service_fn(|_| async {
        let status = if create().await.is_err() { 500 } else { 200 };
        let response = Response::builder().status(status);
        Reply::Ok(response.body(known([Data(2)])).unwrap())
    });
    assert_eq!(
        Rig::new().send(wire, get(), Until::End),
        Seen::answered("500").error("conflict")
    );
}

#[test]
fn an_attribute_that_failed_behind_a_success_is_no_error() {
    let retried = service_fn(|_| async {
        refuse().await.unwrap_err();
        assert_eq!(succeed().await, 7);
        Reply::Ok(Response::new(known([Data(2)])))
    });
    assert_eq!(
        Rig::new().send(retried, get(), Until::End),
        Seen::answered("200")
    );
}

#[test]
fn an_attribute_explains_a_service_that_failed() {
    let fails = service_fn(|_| async {
        refuse().await.map_err(|_| "refused")?;
        Reply::Ok(Response::new(known([])))
    });
    let expected = Seen::answered("500").error("conflict").untimed();
    assert_eq!(Rig::new().send(fails, get(), Until::End), expected);
}
