//! Scrapes over HTTP: methods, streams, places, filters, and what a scrape survives.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, LOCATION, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method as Verb, Request, Response, StatusCode};
use http_body::Body;
use novacron_telemetry::Registry;
use novacron_telemetry::expose::{MetricsBody, MetricsService, ScrapeMetrics};
use novacron_telemetry::metric::{Counter, Gauge, Histogram};
use novacron_telemetry::registry::MetricGroup;
use novacron_telemetry::registry::visit::{
    Flow, Head, Kind, Labels, Pin, Source, Unit, Value, Visitor,
};

use crate::support::{Acme, Method, RouteLabelsRef, samples};

fn small() -> Registry {
    let registry = Registry::new();
    registry.register::<Acme>().unwrap();
    registry
}

/// Series enough for a dozen chunks.
fn large() -> Registry {
    let registry = small();
    let acme = registry.register::<Acme>().unwrap();
    for at in 0..10_000 {
        let route = format!("/api/v1/things/{at}/parts/{{id}}");
        acme.requests_total.inc(&RouteLabelsRef {
            method: Method::Get,
            route: &route,
            tenant: None,
        });
    }
    registry
}

fn ask(
    service: &MetricsService,
    verb: &Verb,
    target: &str,
    headers: &[(&str, &str)],
) -> Response<MetricsBody> {
    let mut request = Request::builder().method(verb).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.answer(&request.body(()).unwrap())
}

fn get(service: &MetricsService, target: &str) -> Response<MetricsBody> {
    ask(service, &Verb::GET, target, &[])
}

/// The next frame; the body is always ready.
fn frame(body: &mut MetricsBody) -> Option<Vec<u8>> {
    match pin!(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame.map(|frame| frame.unwrap().into_data().unwrap().to_vec()),
        Poll::Pending => panic!("a body never waits"),
    }
}

fn whole(mut body: MetricsBody) -> Vec<u8> {
    std::iter::from_fn(|| frame(&mut body)).flatten().collect()
}

fn text(response: Response<MetricsBody>) -> String {
    String::from_utf8(whole(response.into_body())).unwrap()
}

#[test]
fn only_get_and_head_are_answered() {
    let service = MetricsService::new(small());
    for verb in [
        Verb::POST,
        Verb::PUT,
        Verb::DELETE,
        Verb::PATCH,
        Verb::OPTIONS,
        Verb::TRACE,
        Verb::CONNECT,
    ] {
        let answer = ask(&service, &verb, "/metrics", &[]);
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{verb}");
        assert_eq!(answer.headers()[ALLOW], "GET, HEAD");
    }
    let own = Verb::from_bytes(b"FOO").unwrap();
    assert_eq!(
        ask(&service, &own, "/", &[]).status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[test]
fn every_answer_forbids_caching_and_guessing() {
    let service = MetricsService::new(small());
    for verb in [Verb::GET, Verb::HEAD, Verb::POST] {
        let answer = ask(&service, &verb, "/metrics", &[]);
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(!answer.headers().contains_key(LOCATION));
    }
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    for registry in [Registry::new(), small(), large()] {
        let service = MetricsService::new(registry);
        for coding in ["identity", "gzip"] {
            let asked = [("accept-encoding", coding)];
            let head = ask(&service, &Verb::HEAD, "/metrics", &asked);
            let get = ask(&service, &Verb::GET, "/metrics", &asked);
            assert_eq!(head.status(), StatusCode::OK);
            assert_eq!(head.headers(), get.headers());
            assert!(head.body().is_end_stream());
            assert_eq!(whole(head.into_body()), b"");
            if let Some(length) = get.headers().get(CONTENT_LENGTH).cloned() {
                assert_eq!(
                    length.to_str().unwrap().parse(),
                    Ok(whole(get.into_body()).len())
                );
            }
        }
    }
}

#[test]
fn switched_off_it_is_not_there_for_any_clone() {
    let service = MetricsService::new(small());
    let clone = service.clone();
    service.switch(false);
    for verb in [Verb::GET, Verb::HEAD, Verb::POST] {
        assert_eq!(
            ask(&clone, &verb, "/metrics", &[]).status(),
            StatusCode::NOT_FOUND
        );
    }
    service.switch(true);
    assert_eq!(get(&clone, "/metrics").status(), StatusCode::OK);
}

#[test]
fn what_is_streamed_is_what_is_rendered() {
    let registry = large();
    let service = MetricsService::new(registry.clone());
    let mut body = get(&service, "/metrics").into_body();
    let frames: Vec<Vec<u8>> = std::iter::from_fn(|| frame(&mut body)).collect();
    assert!(frames.len() > 8);
    assert!(frames.iter().all(|frame| frame.len() <= 64 * 1024));
    assert_eq!(
        String::from_utf8(frames.concat()).unwrap(),
        registry.render()
    );
    assert!(body.is_end_stream());
    assert_eq!(frame(&mut body), None, "the end stays the end");
}

#[cfg(feature = "gzip")]
#[test]
fn what_is_compressed_is_what_is_rendered() {
    use std::io::Read;

    for registry in [small(), large()] {
        let service = MetricsService::new(registry.clone());
        let answer = ask(
            &service,
            &Verb::GET,
            "/metrics",
            &[("accept-encoding", "gzip")],
        );
        assert_eq!(answer.headers()["content-encoding"], "gzip");
        let compressed = whole(answer.into_body());
        let mut text = String::new();
        flate2::read::GzDecoder::new(&compressed[..])
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, registry.render());
        assert!(
            compressed.len() * 3 < text.len(),
            "{} of {}",
            compressed.len(),
            text.len()
        );
    }
}

#[test]
fn little_is_not_compressed() {
    let service = MetricsService::new(small());
    let answer = ask(
        &service,
        &Verb::GET,
        "/?name[]=acme_sent_bytes_total",
        &[("accept-encoding", "gzip")],
    );
    assert!(!answer.headers().contains_key("content-encoding"));
    assert_eq!(samples(&text(answer)).len(), 1);
}

#[test]
fn families_can_be_asked_for_by_name() {
    let service = MetricsService::new(small());
    for (query, families) in [
        (
            "name[]=acme_sent_bytes_total",
            &["acme_sent_bytes_total"][..],
        ),
        (
            "name%5B%5D=acme_sent_bytes_total",
            &["acme_sent_bytes_total"],
        ),
        (
            "name[]=acme%5Fsent%5fbytes_total&x=y",
            &["acme_sent_bytes_total"],
        ),
        (
            "name[]=acme_requests_in_flight&name[]=acme_sent_bytes_total",
            &["acme_requests_in_flight", "acme_sent_bytes_total"],
        ),
        (
            "name[]=acme_request_duration_seconds_bucket",
            &["acme_request_duration_seconds"],
        ),
        ("name[]=acme_sent_bytes", &["acme_sent_bytes_total"]),
        ("name[]=nobody", &[]),
        ("collect[]=nobody", &[]),
        (
            "exclude[]=nobody&name[]=acme_sent_bytes_total",
            &["acme_sent_bytes_total"],
        ),
        ("name[]=", &[]),
        ("name[]=%ff%0a", &[]),
    ] {
        let shown = text(get(&service, &format!("/metrics?{query}")));
        let found: Vec<&str> = shown
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        assert_eq!(found, families, "{query}");
    }
    let all = text(get(&service, "/metrics?other[]=x"));
    assert_eq!(
        all.lines()
            .filter(|line| line.starts_with("# TYPE "))
            .count(),
        5
    );
}

#[test]
fn an_empty_open_metrics_answer_still_ends() {
    let service = MetricsService::new(small());
    let wanted = [("accept", "application/openmetrics-text")];
    let answer = ask(&service, &Verb::GET, "/metrics?name[]=nobody", &wanted);
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(text(answer), "# EOF\n");
}

#[test]
fn sixteen_scrape_at_once_and_the_next_comes_back_later() {
    let service = MetricsService::new(large());
    let mut bodies: Vec<MetricsBody> = (0..16)
        .map(|_| get(&service, "/metrics").into_body())
        .collect();
    for verb in [Verb::GET, Verb::HEAD] {
        let refused = ask(&service, &verb, "/metrics", &[]);
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[RETRY_AFTER], "1");
    }
    // One ends, one is dropped in the middle: two may come.
    while frame(&mut bodies[0]).is_some() {}
    frame(&mut bodies[1]).unwrap();
    bodies.swap_remove(1);
    let two = [get(&service, "/metrics"), get(&service, "/metrics")];
    assert!(two.iter().all(|answer| answer.status() == StatusCode::OK));
    assert_eq!(
        get(&service, "/metrics").status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[test]
fn aborted_scrapes_give_their_places_back() {
    let service = MetricsService::new(large());
    for aborted_after in 0..1000 {
        let answer = get(&service, "/metrics");
        assert_eq!(answer.status(), StatusCode::OK, "after {aborted_after}");
        let mut body = answer.into_body();
        for _ in 0..aborted_after % 4 {
            frame(&mut body).unwrap();
        }
    }
}

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "own")]
struct Own {
    /// Time spent.
    #[metric(unit = Seconds, buckets = &[0.05, 0.5])]
    duration_seconds: Histogram,
    /// Size.
    #[metric(unit = Bytes, buckets = &[1024.0, 1_048_576.0])]
    size_bytes: Histogram,
    /// Series in the last one.
    series: Gauge,
    /// Answers with 200.
    ok_total: Counter,
    /// Answers with 404.
    not_found_total: Counter,
    /// Answers with 405.
    method_not_allowed_total: Counter,
    /// Answers with 503.
    unavailable_total: Counter,
}

#[test]
fn it_measures_itself_but_not_its_readers() {
    let shown = large();
    let registry = Registry::new();
    let own = registry.register::<Own>().unwrap();
    let service = MetricsService::measured(
        shown.clone(),
        ScrapeMetrics {
            duration: own.duration_seconds.clone(),
            bytes: own.size_bytes.clone(),
            series: own.series.clone(),
            ok: own.ok_total,
            not_found: own.not_found_total,
            method_not_allowed: own.method_not_allowed_total,
            unavailable: own.unavailable_total,
        },
    );
    let mut body = get(&service, "/metrics").into_body();
    let mut bytes = 0;
    while let Some(frame) = frame(&mut body) {
        bytes += frame.len();
        std::thread::sleep(std::time::Duration::from_millis(60));
    }
    let (count, seconds) = own.duration_seconds.get();
    assert_eq!(count, 1);
    assert!(
        seconds > 0.0 && seconds < 0.5,
        "{seconds} s: the reader's naps are not ours"
    );
    assert_eq!(own.size_bytes.get(), (1, bytes as f64));
    assert_eq!(own.series.get(), Some(1.0 + 1.0 + 2.0 + 10_000.0));
    drop(get(&service, "/metrics"));
    assert_eq!(
        own.duration_seconds.get().0,
        1,
        "a scrape that was dropped says nothing about duration"
    );
    ask(&service, &Verb::POST, "/metrics", &[]);
    let held: Vec<_> = (0..16).map(|_| get(&service, "/metrics")).collect();
    get(&service, "/metrics");
    drop(held);
    service.switch(false);
    get(&service, "/metrics");
    let counted = [
        &own.ok_total,
        &own.method_not_allowed_total,
        &own.unavailable_total,
        &own.not_found_total,
    ];
    assert_eq!(counted.map(Counter::get), [18, 1, 1, 1]);
}

/// Panics when it is read, after some series or in its head.
struct Broken {
    name: &'static str,
    /// Whether the head panics; it must not while it is being registered.
    in_head: AtomicBool,
}

impl Source for Broken {
    fn head(&self) -> Head<'_> {
        assert!(!self.in_head.load(Ordering::Relaxed), "broken head");
        Head {
            name: self.name,
            help: "Broken.",
            kind: Kind::Gauge,
            unit: Unit::None,
        }
    }

    fn visit(&self, _: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
        for at in from..3 {
            let fragment = format!("at=\"{at}\"");
            if visitor.series(
                Labels {
                    fragments: &[&fragment],
                },
                Value::Gauge(0.0),
            ) == Flow::Pause
            {
                return Some(at + 1);
            }
        }
        panic!("broken source");
    }
}

#[test]
fn a_source_that_panics_costs_its_own_series_only() {
    let registry = small();
    let broken = |name| {
        Arc::new(Broken {
            name,
            in_head: AtomicBool::new(false),
        })
    };
    let head = broken("acme_broken_head");
    registry.add_source(broken("acme_broken")).unwrap();
    registry.add_source(head.clone()).unwrap();
    head.in_head.store(true, Ordering::Relaxed);
    registry.before_scrape(|| panic!("broken refresher"));
    let service = MetricsService::new(registry.clone());
    for scrape in 1..=20 {
        let answer = get(&service, "/metrics");
        assert_eq!(answer.status(), StatusCode::OK);
        let shown = text(answer);
        assert!(shown.contains("acme_broken{at=\"2\"} 0\n"));
        assert!(
            shown.ends_with("# TYPE acme_temperature_celsius gauge\n"),
            "what comes after it is shown"
        );
        assert_eq!(samples(&shown).len(), 12 + 1 + 1 + 3);
        assert_eq!(registry.caught_panics(), 3 * scrape);
    }
    let asked = text(get(&service, "/metrics?name[]=acme_sent_bytes_total"));
    assert_eq!(samples(&asked).len(), 1, "a filter survives it, too");
}

#[cfg(feature = "axum")]
mod axum {
    use ::axum::Router;
    use ::axum::body::Body;
    use tower::ServiceExt;

    use super::*;

    async fn status(app: &Router, target: &str) -> StatusCode {
        let request = Request::get(target).body(Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn it_works_under_any_prefix_and_never_redirects() {
        let service = MetricsService::new(small());
        let app = Router::new()
            .merge(service.clone().router("/metrics"))
            .nest("/ops", service.clone().router("/metrics"))
            .nest_service("/raw", service);
        for (target, expected) in [
            ("/metrics", StatusCode::OK),
            ("/ops/metrics", StatusCode::OK),
            ("/raw", StatusCode::OK),
            ("/raw/anything", StatusCode::OK),
            ("/metricsfoo", StatusCode::NOT_FOUND),
            ("/metrics/", StatusCode::NOT_FOUND),
            ("//metrics", StatusCode::NOT_FOUND),
            ("/ops", StatusCode::NOT_FOUND),
        ] {
            assert_eq!(status(&app, target).await, expected, "{target}");
        }
    }

    #[tokio::test]
    async fn a_request_body_is_not_read() {
        let service = MetricsService::new(small());
        let endless = Body::new(Endless);
        let request = Request::get("/").body(endless).unwrap();
        let answer = service.oneshot(request).await.unwrap();
        assert_eq!(
            answer.headers()[::http::header::CONTENT_TYPE],
            "text/plain; version=0.0.4; charset=utf-8"
        );
    }

    struct Endless;

    impl http_body::Body for Endless {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
            panic!("the request's body was read");
        }
    }
}
