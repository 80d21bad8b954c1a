//! `MetricsService`: scrapes over HTTP.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::body::{Measure, MetricsBody, Places};
use super::{Chunks, query};
use crate::encode::{self, Coding};
use crate::metric::{Counter, Gauge, Histogram};
use crate::registry::Registry;

/// Answers scrapes: a tower service that any HTTP server can mount, under any path.
///
/// - GET and HEAD; anything else is 405. Switched off, it is 404.
/// - OpenMetrics 1.0 for those who prefer it, the text format 0.0.4 for everybody else; gzip for
///   those who ask, with the feature `gzip` and from 1 KiB on.
/// - `?name[]=family` shows only the families named, `?collect[]=collector` only those that a
///   collector writes, `?exclude[]=collector` all but those; each may be repeated.
/// - Each scrape streams for itself: a slow reader holds one chunk of 64 KiB, no lock and nobody
///   else. At most 16 run at once, unless told otherwise; the next one is told to come back in a second (503).
/// - Request bodies are not read, and nobody is authenticated: `BearerAuth` does that, in front.
///
/// ```
/// use http::{Request, StatusCode};
/// use http_body::Body;
/// use novacron_telemetry::Registry;
/// use novacron_telemetry::expose::MetricsService;
///
/// let metrics = MetricsService::new(Registry::new());
/// let answer = metrics.answer(&Request::get("/metrics").body(()).unwrap());
/// assert_eq!(answer.status(), StatusCode::OK);
/// assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
/// assert!(answer.body().is_end_stream(), "an empty registry has nothing to say");
/// ```
#[derive(Clone, Debug)]
pub struct MetricsService(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    metrics: Arc<ScrapeMetrics>,
    places: Places,
    on: AtomicBool,
}

/// What the service counts about itself, as handles of whatever families the host chose.
#[derive(Clone, Debug)]
#[must_use]
pub struct ScrapeMetrics {
    /// Seconds spent on rendering one exposition, without the time its reader took.
    pub duration: Histogram,
    /// Its size in bytes before compression.
    pub bytes: Histogram,
    /// Series in the last one.
    pub series: Gauge,
    /// Answers with 200.
    pub ok: Counter,
    /// Answers with 404.
    pub not_found: Counter,
    /// Answers with 405.
    pub method_not_allowed: Counter,
    /// Answers with 503.
    pub unavailable: Counter,
}

impl ScrapeMetrics {
    /// Counts nothing.
    pub const fn noop() -> Self {
        Self {
            duration: Histogram::noop(),
            bytes: Histogram::noop(),
            series: Gauge::noop(),
            ok: Counter::noop(),
            not_found: Counter::noop(),
            method_not_allowed: Counter::noop(),
            unavailable: Counter::noop(),
        }
    }

    fn count(&self, status: StatusCode) {
        match status {
            StatusCode::NOT_FOUND => self.not_found.inc(),
            StatusCode::METHOD_NOT_ALLOWED => self.method_not_allowed.inc(),
            StatusCode::SERVICE_UNAVAILABLE => self.unavailable.inc(),
            _ => self.ok.inc(),
        }
    }
}

/// The most scrapes at once: twice the servers of a large setup, each with a stalled predecessor.
const MOST: usize = 16;

impl MetricsService {
    /// A service that shows this registry and counts nothing about itself.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self::measured(registry, ScrapeMetrics::noop())
    }

    /// A service that counts its own work in `metrics`.
    #[must_use]
    pub fn measured(registry: Registry, metrics: ScrapeMetrics) -> Self {
        Self(Arc::new(Inner {
            registry,
            metrics: Arc::new(metrics),
            places: Places::new(MOST),
            on: AtomicBool::new(true),
        }))
    }

    /// Switches it on or off, for all clones: off, every request is answered with 404.
    pub fn switch(&self, on: bool) {
        self.0.on.store(on, Ordering::Relaxed);
    }

    /// Answers at most so many scrapes at once, for all clones; at least one. Default: 16.
    pub fn limit(&self, scrapes: usize) {
        self.0.places.set(scrapes.max(1));
    }

    /// Whether one more scrape would be answered now.
    #[cfg(feature = "listener")]
    pub(super) fn has_room(&self) -> bool {
        self.0.places.any()
    }

    /// The answer to one request. Only its head is looked at.
    #[must_use]
    pub fn answer<B>(&self, request: &Request<B>) -> Response<MetricsBody> {
        let mut response = self.choose(request);
        self.0.metrics.count(response.status());
        let headers = response.headers_mut();
        for (name, value) in ALWAYS {
            headers.insert(name, value);
        }
        if request.method() == Method::HEAD {
            *response.body_mut() = MetricsBody::text("");
        }
        response
    }

    fn choose<B>(&self, request: &Request<B>) -> Response<MetricsBody> {
        let Inner {
            registry,
            metrics,
            places,
            on,
        } = &*self.0;
        if !on.load(Ordering::Relaxed) {
            return refusal(StatusCode::NOT_FOUND, "metrics are switched off\n");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allowed);
            return response;
        }
        let Some(place) = places.take() else {
            let mut response = refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many scrapes at once\n",
            );
            let soon = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
            return response;
        };

        let headers = request.headers();
        let format = encode::format(values(headers, header::ACCEPT));
        let asked = encode::coding(values(headers, header::ACCEPT_ENCODING));
        let mut measure = Measure::new(Arc::clone(metrics));
        let walk = measure.time(|| query::narrow(registry.walk(), request.uri().query()));
        let chunks = Chunks::new(registry, walk, format);
        let (body, coding) = MetricsBody::exposition(chunks, asked, measure, place);

        let length = body.size_hint().exact();
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(format.content_type()),
        );
        headers.insert(
            header::VARY,
            HeaderValue::from_static("Accept, Accept-Encoding"),
        );
        if coding == Coding::Gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        response
    }
}

fn refusal(status: StatusCode, why: &'static str) -> Response<MetricsBody> {
    let mut response = Response::new(MetricsBody::text(why));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(header::CONTENT_LENGTH, why.len().into());
    response
}

/// The texts of a header that may be there several times.
fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
}

/// Each scrape is new, and a browser must not guess what it is.
const ALWAYS: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

impl<B> Service<Request<B>> for MetricsService {
    type Response = Response<MetricsBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(&request)))
    }
}
