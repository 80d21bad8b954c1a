//! The HTTP layer around hand-written services and bodies, polled by hand: each way in which a
//! request can end, and what it writes then.

mod bodies;
mod heads;
mod identities;
#[cfg(feature = "axum")]
mod matched;
mod numbers;
mod routes;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::Empty;
use novacron_telemetry::Registry;
use novacron_telemetry::catalog::{Catalog, Method};
use novacron_telemetry::layer::http::HttpLayer;
use novacron_telemetry::record::{Recorder, Settings};
use novacron_telemetry::registry::{Groups, Snapshot};
use tower::{BoxError, Layer, Service, service_fn};

/// The route of most requests here.
pub(crate) const ROUTE: &str = "/api/v1/vms/{id}";

/// A registry and a recorder of one test.
pub(crate) struct Rig {
    pub(crate) registry: Registry,
    pub(crate) recorder: Recorder,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let catalog = Catalog::register(&registry, Groups::API | Groups::EXPORTER).unwrap();
        Self {
            recorder: Recorder::new(catalog, Settings::default()),
            registry,
        }
    }

    /// A layer that knows [`ROUTE`].
    pub(crate) fn layer(&self) -> HttpLayer {
        let layer = HttpLayer::new(self.recorder.clone());
        layer
            .routes([(Method::Get, ROUTE), (Method::Post, ROUTE)])
            .unwrap()
    }

    /// Sends one request to a service behind the layer and leaves when told to.
    pub(crate) fn send<S, B>(
        &self,
        service: S,
        request: Request<Empty<Bytes>>,
        until: Until,
    ) -> Seen
    where
        S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = BoxError>,
        B: Body,
    {
        self.drive(self.layer().layer(service), request, until);
        Seen::read(&self.registry)
    }

    /// As [`send`](Self::send), for a service that has its layers already.
    pub(crate) fn drive<S, B>(&self, mut service: S, request: Request<Empty<Bytes>>, until: Until)
    where
        S: Service<Request<Empty<Bytes>>, Response = Response<B>>,
        B: Body,
    {
        // A panic is a result here; the layer must not swallow it, which `panicked` checks.
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let future = service.call(request);
            if until == Until::Unpolled {
                return;
            }
            let Poll::Ready(Ok(response)) = poll_once(pin!(future)) else {
                return;
            };
            let mut body = pin!(response.into_body());
            let frames = match until {
                Until::Unpolled | Until::Head => 0,
                Until::Frames(frames) => frames,
                Until::End => usize::MAX,
            };
            for _ in 0..frames {
                match body
                    .as_mut()
                    .poll_frame(&mut Context::from_waker(Waker::noop()))
                {
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(None | Some(Err(_))) | Poll::Pending => break,
                }
            }
        }));
        let panics = self.snapshot().sum("novacron_api_panics_total", &[]);
        assert_eq!(
            unwound.is_err(),
            panics > 0.0,
            "a panic passes the layer, and is counted"
        );
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.registry.snapshot()
    }
}

pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// How far a client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Gone before the first poll.
    Unpolled,
    /// Gone after one poll; if that gave a response, its body is dropped unread.
    Head,
    /// Gone after this many frames.
    Frames(usize),
    /// Reads the body to its end.
    End,
}

/// What the one request of a test left behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) status: String,
    pub(crate) error: String,
    /// Observations of the time to the head, and of the time to the end.
    pub(crate) heads: u64,
    pub(crate) ends: u64,
    pub(crate) left: u64,
    pub(crate) timeouts: u64,
    pub(crate) panics: u64,
}

impl Seen {
    /// A response of this status that was read to its end.
    pub(crate) fn answered(status: &str) -> Self {
        Self {
            status: status.into(),
            heads: 1,
            ends: 1,
            ..Self::default()
        }
    }

    pub(crate) fn error(self, class: &str) -> Self {
        Self {
            error: class.into(),
            ..self
        }
    }

    /// The client left inside the body.
    pub(crate) fn left() -> Self {
        Self {
            left: 1,
            ..Self::answered("499").error("client_closed")
        }
    }

    pub(crate) fn panicked() -> Self {
        Self {
            panics: 1,
            ..Self::answered("500").error("panic")
        }
    }

    /// No head was sent, or how long it took is no latency.
    pub(crate) fn untimed(self) -> Self {
        Self {
            heads: 0,
            ends: 0,
            ..self
        }
    }

    pub(crate) fn read(registry: &Registry) -> Self {
        let snapshot = registry.snapshot();
        let sum = |family: &str| snapshot.sum(&format!("novacron_api_{family}"), &[]) as u64;
        let only = |family: &str, label: &str| -> String {
            let counted = snapshot
                .series(family)
                .iter()
                .filter(|series| series.sample.value() > 0.0);
            let counted: Vec<_> = counted
                .map(|series| (value(series, label), series.sample.value()))
                .collect();
            assert!(
                matches!(&counted[..], [] | [(_, 1.0)]),
                "{family} counted {counted:?}"
            );
            counted
                .into_iter()
                .next()
                .map_or_else(String::new, |(value, _)| value)
        };
        assert_eq!(sum("requests_in_flight"), 0, "it is over");
        Self {
            status: only("novacron_api_requests_total", "status"),
            error: only("novacron_api_errors_total", "error_type"),
            heads: sum("request_duration_seconds"),
            ends: sum("response_complete_seconds"),
            left: sum("client_disconnects_total"),
            timeouts: sum("timeouts_total"),
            panics: sum("panics_total"),
        }
    }
}

pub(crate) fn value(series: &novacron_telemetry::registry::Series, label: &str) -> String {
    let found = series.labels.iter().find(|(name, _)| name == label);
    found.map_or_else(String::new, |(_, value)| value.clone())
}

/// A body that does what it is told, frame by frame.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripted {
    steps: VecDeque<Step>,
    /// Whether `is_end_stream` tells that nothing follows; a stream of unknown length cannot.
    knows_its_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Data(usize),
    Trailers,
    Wait,
    Fail,
    Panic,
}

pub(crate) fn streamed(steps: impl IntoIterator<Item = Step>) -> Scripted {
    Scripted {
        steps: steps.into_iter().collect(),
        knows_its_end: false,
    }
}

pub(crate) fn known(steps: impl IntoIterator<Item = Step>) -> Scripted {
    Scripted {
        knows_its_end: true,
        ..streamed(steps)
    }
}

#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

impl Body for Scripted {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.steps.pop_front() {
            Some(Step::Data(bytes)) => Poll::Ready(Some(Ok(Frame::data(vec![b'x'; bytes].into())))),
            Some(Step::Trailers) => Poll::Ready(Some(Ok(Frame::trailers(HeaderMap::new())))),
            Some(Step::Wait) => Poll::Pending,
            Some(Step::Fail) => Poll::Ready(Some(Err(Broken))),
            Some(Step::Panic) => panic!("the body panics"),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.steps.is_empty()
    }
}

/// A service that answers with this status and body at once.
pub(crate) fn answer<B: Body + Clone>(
    status: u16,
    body: B,
) -> impl Service<Request<Empty<Bytes>>, Response = Response<B>, Error = BoxError> {
    answer_with(Response::builder().status(status), body)
}

pub(crate) fn answer_with<B: Body + Clone>(
    head: http::response::Builder,
    body: B,
) -> impl Service<Request<Empty<Bytes>>, Response = Response<B>, Error = BoxError> {
    let (head, ()) = head.body(()).unwrap().into_parts();
    service_fn(move |_| {
        let response = Response::from_parts(head.clone(), body.clone());
        async { Ok(response) }
    })
}

pub(crate) fn request(method: &str, path: &str) -> Request<Empty<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Empty::new())
        .unwrap()
}

/// A `GET` of [`ROUTE`].
pub(crate) fn get() -> Request<Empty<Bytes>> {
    request("GET", "/api/v1/vms/7")
}
