//! Middleware around one and the same axum router.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use ::http::{Method, Request, Response, StatusCode, Uri};
use ::prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts};
use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::routing::get;
use http_body::Body as _;
use novacron_telemetry::catalog;
use novacron_telemetry::layer::http::HttpLayer;
use novacron_telemetry::record::Recorder;
use tower_layer::Layer as _;
use tower_service::Service;

use super::metrics::installed;
use super::{Held, Otel, recorder};
use crate::measure::Contender;
use crate::work::BOUNDS;

const ROUTES: usize = 16;

/// The router that everything is put around: 16 templates with one parameter, two methods each.
pub fn bare() -> Router {
    routes().into_iter().fold(Router::new(), |router, route| {
        router.route(
            &route,
            get(async || "ok").post(async || StatusCode::CREATED),
        )
    })
}

/// Its templates.
#[must_use]
pub fn routes() -> Vec<String> {
    (0..ROUTES)
        .map(|n| format!("/api/v1/resource{n:02}/{{id}}"))
        .collect()
}

/// This library's layer, which knows the router's templates.
///
/// # Panics
///
/// If a template cannot be declared.
#[must_use]
pub fn layer(recorder: Recorder) -> HttpLayer {
    let methods = [catalog::Method::Get, catalog::Method::Post];
    let declared: Vec<_> = routes()
        .into_iter()
        .flat_map(|route| methods.map(|method| (method, route.clone())))
        .collect();
    let declared = declared
        .iter()
        .map(|(method, route)| (*method, route.as_str()));
    HttpLayer::new(recorder)
        .routes(declared)
        .expect("templates that axum takes as well")
}

/// The library's layer, the rivals, and what axum itself charges for any layer. The first one is
/// the bare router.
#[must_use]
pub fn contenders() -> Vec<Contender<'static>> {
    let otel: Otel = Held::new();
    installed();
    let (around, around_registry) = recorder();
    let (inside, inside_registry) = recorder();
    vec![
        drive("bare", bare()),
        drive(
            "novacron-telemetry, around the service",
            layer(around).layer(bare()),
        )
        // Handles that outlive their registry record into nothing.
        .tidy(move || {
            std::hint::black_box(&around_registry);
        }),
        drive(
            "novacron-telemetry, Router::layer",
            bare().layer(layer(inside)),
        )
        .tidy(move || {
            std::hint::black_box(&inside_registry);
        }),
        drive(
            "axum: from_fn that does nothing",
            bare().layer(from_fn(nothing)),
        ),
        drive(
            "prometheus in from_fn",
            bare().layer(from_fn_with_state(Handles::new(), record)),
        ),
        drive(
            "axum-prometheus",
            bare().layer(axum_prometheus::BaseMetricLayer::new()),
        )
        .tidy(|| {
            installed().run_upkeep();
        }),
        drive(
            "tower-otel",
            bare().layer(tower_otel::metrics::HttpLayer::server(&otel.meter())),
        ),
    ]
}

/// Sends requests into a service, one after the other, each until the last byte of its answer.
///
/// Nothing in these routes waits, so the futures are polled by hand: no runtime is measured.
///
/// # Panics
///
/// When run, if a request is not answered at once and with success: then the figure would be that
/// of other work.
pub fn drive<S, B>(name: &'static str, mut service: S) -> Contender<'static>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + 'static,
    B: http_body::Body,
{
    let uris: Vec<Uri> = (0..64)
        .map(|n| format!("/api/v1/resource{:02}/{n}", n % ROUTES))
        .map(|path| path.parse().expect("a good path"))
        .collect();
    let mut at = 0;
    Contender::new(name, move |n| {
        for _ in 0..n {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = uris[at % uris.len()].clone();
            if at % 4 == 3 {
                *request.method_mut() = Method::POST;
            }
            at += 1;
            answer(&mut service, request);
        }
    })
}

fn answer<S, B>(service: &mut S, request: Request<Body>)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body,
{
    let mut context = Context::from_waker(Waker::noop());
    assert!(
        service.poll_ready(&mut context).is_ready(),
        "the router is always ready"
    );
    let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) else {
        panic!("no route waits");
    };
    assert!(response.status().is_success(), "every request has a route");
    let mut body = pin!(response.into_body());
    while !body.is_end_stream() {
        match body.as_mut().poll_frame(&mut context) {
            Poll::Ready(Some(frame)) => drop(frame),
            Poll::Ready(None) => break,
            Poll::Pending => panic!("no body waits"),
        }
    }
}

async fn nothing(request: Request<Body>, next: Next) -> Response<Body> {
    next.run(request).await
}

/// What somebody writes who has `prometheus` and an afternoon.
#[derive(Debug)]
struct Handles {
    requests: IntCounterVec,
    durations: HistogramVec,
    in_flight: IntGauge,
}

impl Handles {
    fn new() -> Arc<Self> {
        const LABELS: [&str; 3] = ["method", "endpoint", "status"];
        let durations = HistogramOpts::new("http_request_duration_seconds", "Durations.");
        Arc::new(Self {
            requests: IntCounterVec::new(Opts::new("http_requests_total", "Requests."), &LABELS)
                .expect("a good name"),
            durations: HistogramVec::new(durations.buckets(BOUNDS.to_vec()), &LABELS)
                .expect("a good name"),
            in_flight: IntGauge::new("http_requests_in_flight", "In flight.").expect("a good name"),
        })
    }
}

async fn record(
    State(handles): State<Arc<Handles>>,
    request: Request<Body>,
    next: Next,
) -> Response<Body> {
    let start = Instant::now();
    let method = request.method().clone();
    let endpoint = request.extensions().get::<MatchedPath>().cloned();
    handles.in_flight.inc();
    let response = next.run(request).await;
    handles.in_flight.dec();
    let status = response.status();
    let labels = [
        method.as_str(),
        endpoint.as_ref().map_or("unmatched", MatchedPath::as_str),
        status.as_str(),
    ];
    handles.requests.with_label_values(&labels).inc();
    handles
        .durations
        .with_label_values(&labels)
        .observe(start.elapsed().as_secs_f64());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_middleware_answers_every_request() {
        for mut contender in contenders() {
            contender.run(100);
        }
    }

    #[test]
    fn the_layer_that_is_measured_counts() {
        let (recorder, registry) = recorder();
        drive("layer", layer(recorder).layer(bare())).run(64);
        let page = registry.render();
        let line = "novacron_api_requests_total{method=\"POST\",\
                    endpoint=\"/api/v1/resource03/{id}\",status=\"201\"} 4";
        assert!(page.contains(line), "{page}");
    }
}
