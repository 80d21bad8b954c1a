//! Sums that must come out even, whatever mix of endings a service has.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use http::Response;
use proptest::prelude::*;

use super::Step::{Data, Fail, Panic, Wait};
use super::{Rig, Scripted, Until, answer, answer_with, get, known, request, streamed};

/// One request, and what it is in the identities.
#[derive(Clone, Debug)]
struct Sent {
    status: u16,
    is_event_stream: bool,
    body: Scripted,
    until: Until,
}

impl Sent {
    fn send(&self, rig: &Rig) {
        let head = Response::builder().status(self.status);
        let kind = if self.is_event_stream {
            "text/event-stream"
        } else {
            "text/plain"
        };
        let service = answer_with(head.header("content-type", kind), self.body.clone());
        rig.drive(
            tower::Layer::layer(&rig.layer(), service),
            get(),
            self.until,
        );
    }

    fn is_open(&self) -> bool {
        let bodyless =
            matches!(self.status, 204 | 304) || http_body::Body::is_end_stream(&self.body);
        self.status == 101 || (self.is_event_stream && !bodyless)
    }
}

fn any_request() -> impl Strategy<Value = Sent> {
    // No panics: `drive` expects one wherever any was counted before.
    let steps = prop::collection::vec(
        prop_oneof![3 => Just(Data(2)), 1 => Just(Wait), 1 => Just(Fail)],
        0..4,
    );
    let body = (steps, any::<bool>())
        .prop_map(|(steps, knows)| if knows { known(steps) } else { streamed(steps) });
    let status = prop::sample::select(vec![
        101u16, 200, 200, 200, 204, 304, 404, 408, 500, 503, 504,
    ]);
    let until = prop_oneof![
        Just(Until::Unpolled),
        Just(Until::Head),
        (0..4usize).prop_map(Until::Frames),
        Just(Until::End)
    ];
    (status, any::<bool>(), body, until).prop_map(|(status, is_event_stream, body, until)| Sent {
        status,
        is_event_stream,
        body,
        until,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn at_rest_every_request_is_counted_once_and_timed_unless_it_cannot_be(
        sent in prop::collection::vec(any_request(), 1..40),
    ) {
        let rig = Rig::new();
        for request in &sent {
            request.send(&rig);
        }
        let snapshot = rig.snapshot();
        let sum = |family: &str| snapshot.sum(&format!("novacron_api_{family}"), &[]);
        let unpolled = sent.iter().filter(|sent| sent.until == Until::Unpolled).count();
        let open = sent.iter().filter(|sent| sent.until != Until::Unpolled && sent.is_open()).count();
        prop_assert_eq!(sum("requests_total"), sent.len() as f64);
        prop_assert_eq!(sum("request_duration_seconds"), (sent.len() - unpolled - open) as f64);
        prop_assert_eq!(sum("response_complete_seconds"), sum("request_duration_seconds"));
        prop_assert_eq!(sum("response_body_bytes"), (sent.len() - unpolled) as f64);
        prop_assert_eq!(sum("requests_in_flight"), 0.0);
    }
}

#[test]
fn in_flight_is_never_negative_while_eight_threads_run_requests() {
    const THREADS: u64 = 8;
    let rig = Rig::new();
    let (begun, ended) = (AtomicU64::new(0), AtomicU64::new(0));
    let stop = AtomicBool::new(false);
    let ways: Vec<Sent> = [
        (known([Data(2)]), Until::End),
        (streamed([Data(2), Wait]), Until::End),
        (known([Data(2)]), Until::Unpolled),
    ]
    .map(|(body, until)| Sent {
        status: 200,
        is_event_stream: false,
        body,
        until,
    })
    .into();
    let scrapes = thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let layer = rig.layer();
                while !stop.load(Ordering::Relaxed) {
                    for way in &ways {
                        begun.fetch_add(1, Ordering::AcqRel);
                        let service =
                            tower::Layer::layer(&layer, answer(way.status, way.body.clone()));
                        one(service, way.until);
                        ended.fetch_add(1, Ordering::AcqRel);
                    }
                }
            });
        }
        let mut scrapes = 0;
        while scrapes < 40 || ended.load(Ordering::Acquire) < 2_000 {
            let ended_before = ended.load(Ordering::Acquire);
            let snapshot = rig.snapshot();
            let begun_after = begun.load(Ordering::Acquire);
            let in_flight = snapshot.series("novacron_api_requests_in_flight");
            assert!(
                in_flight.iter().all(|series| series.sample.value() >= 0.0),
                "{in_flight:?}"
            );
            let (in_flight, counted) = (
                snapshot.sum("novacron_api_requests_in_flight", &[]),
                snapshot.sum("novacron_api_requests_total", &[]),
            );
            assert!(in_flight <= (begun_after - ended_before) as f64);
            assert!((ended_before as f64..=begun_after as f64).contains(&counted));
            scrapes += 1;
        }
        stop.store(true, Ordering::Relaxed);
        scrapes
    });
    let snapshot = rig.snapshot();
    let begun = begun.load(Ordering::Acquire);
    assert!(scrapes >= 40 && begun >= 2_000);
    assert_eq!(begun, ended.load(Ordering::Acquire));
    assert_eq!(
        snapshot.sum("novacron_api_requests_total", &[]),
        begun as f64
    );
    assert_eq!(snapshot.sum("novacron_api_requests_in_flight", &[]), 0.0);
}

/// One request without the checks of [`Rig::drive`], which read the whole registry.
fn one<S>(mut service: S, until: Until)
where
    S: tower::Service<http::Request<http_body_util::Empty<bytes::Bytes>>>,
    S::Future: Future<
        Output = Result<Response<novacron_telemetry::layer::http::CountedBody<Scripted>>, S::Error>,
    >,
{
    let future = service.call(request("GET", "/api/v1/vms/7"));
    if until == Until::Unpolled {
        return;
    }
    let std::task::Poll::Ready(Ok(response)) = super::poll_once(std::pin::pin!(future)) else {
        panic!("it answers at once");
    };
    let mut body = std::pin::pin!(response.into_body());
    while let std::task::Poll::Ready(Some(Ok(_))) =
        super::poll_once(std::pin::pin!(http_body_util::BodyExt::frame(&mut body)))
    {}
}

#[test]
fn a_panic_does_not_leave_anything_in_flight() {
    let rig = Rig::new();
    for _ in 0..100 {
        rig.drive(
            tower::Layer::layer(&rig.layer(), answer(200, streamed([Data(1), Panic]))),
            get(),
            Until::End,
        );
    }
    let snapshot = rig.snapshot();
    assert_eq!(snapshot.sum("novacron_api_panics_total", &[]), 100.0);
    assert_eq!(
        snapshot.sum("novacron_api_requests_total", &[("status", "500")]),
        100.0
    );
    assert_eq!(snapshot.sum("novacron_api_requests_in_flight", &[]), 0.0);
}
