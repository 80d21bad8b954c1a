//! Where a request is counted: routes that are declared, found, left out, or nobody's.

use novacron_telemetry::catalog::{ApiError, Method};
use novacron_telemetry::layer::http::HttpLayer;
use novacron_telemetry::{ErrorKind, catalog::Catalog};
use tower::Layer;

use super::Step::Data;
use super::{ROUTE, Rig, Until, answer, get, known, request};

/// Sends one request to a service behind this layer.
fn send(rig: &Rig, layer: &HttpLayer, method: &str, path: &str) {
    rig.drive(
        layer.layer(answer(200, known([Data(1)]))),
        request(method, path),
        Until::End,
    );
}

/// How many requests of this method and endpoint were counted.
fn requests(rig: &Rig, method: &str, endpoint: &str) -> f64 {
    rig.snapshot().sum(
        "novacron_api_requests_total",
        &[("method", method), ("endpoint", endpoint)],
    )
}

fn sent(rig: &Rig) -> f64 {
    rig.snapshot().sum("novacron_api_requests_total", &[])
}

#[test]
fn a_path_is_counted_under_the_template_that_matches_it() {
    let rig = Rig::new();
    let layer = HttpLayer::new(rig.recorder.clone())
        .routes([
            (Method::Get, ROUTE),
            (Method::Get, "/api/v1/vms"),
            (Method::Get, "/files/{*path}"),
        ])
        .unwrap();
    for path in [
        "/api/v1/vms/1",
        "/api/v1/vms/2?x=y",
        "/api/v1/vms",
        "/files/a/b/c",
    ] {
        send(&rig, &layer, "GET", path);
    }
    assert_eq!(requests(&rig, "GET", ROUTE), 2.0);
    assert_eq!(requests(&rig, "GET", "/api/v1/vms"), 1.0);
    assert_eq!(requests(&rig, "GET", "/files/{*path}"), 1.0);
    assert_eq!(sent(&rig), 4.0);
}

#[test]
fn a_path_that_no_route_matches_is_unmatched() {
    let rig = Rig::new();
    for path in ["/", "/api/v1", "/api/v1/vms/7/start", "//", "/%00"] {
        send(&rig, &rig.layer(), "GET", path);
    }
    assert_eq!(requests(&rig, "GET", "UNMATCHED"), 5.0);
    assert_eq!(sent(&rig), 5.0);
}

#[test]
fn unmatched_is_not_shown_before_its_first_use() {
    let rig = Rig::new();
    send(&rig, &rig.layer(), "GET", "/api/v1/vms/7");
    assert!(!rig.registry.render().contains("UNMATCHED"));
}

#[test]
fn a_method_that_nobody_knows_is_other() {
    let rig = Rig::new();
    for method in ["PURGE", "get", "G"] {
        send(&rig, &rig.layer(), method, "/api/v1/vms/7");
    }
    for method in [
        "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT",
    ] {
        send(&rig, &rig.layer(), method, "/api/v1/vms/7");
        assert_eq!(requests(&rig, method, ROUTE), 1.0, "{method}");
    }
    assert_eq!(requests(&rig, "OTHER", ROUTE), 3.0);
    assert_eq!(sent(&rig), 12.0);
}

#[test]
fn a_declared_route_shows_what_may_happen_to_it_before_it_does() {
    let rig = Rig::new();
    let _layer = HttpLayer::new(rig.recorder.clone())
        .routes([(Method::Get, ROUTE)])
        .unwrap();
    let snapshot = rig.snapshot();
    let route = [("method", "GET"), ("endpoint", ROUTE)];
    for family in [
        "request_duration_seconds",
        "response_complete_seconds",
        "request_body_bytes",
        "response_body_bytes",
        "slow_requests_total",
        "timeouts_total",
    ] {
        let name = format!("novacron_api_{family}");
        assert_eq!(snapshot.value(&name, &route), Some(0.0), "{name}");
    }
    for family in [
        "panics_total",
        "client_disconnects_total",
        "rate_limited_total",
        "validation_failures_total",
    ] {
        let name = format!("novacron_api_{family}");
        assert_eq!(snapshot.value(&name, &route[1..]), Some(0.0), "{name}");
    }
    let errors = snapshot.series("novacron_api_errors_total");
    assert_eq!(ApiError::ALL.len(), 14);
    assert_eq!(errors.len(), 14, "one series per class");
    assert!(errors.iter().all(|series| series.sample.value() == 0.0));
    assert_eq!(
        snapshot.series("novacron_api_requests_total"),
        [],
        "which codes it will answer nobody knows"
    );
}

#[test]
fn two_templates_for_the_same_paths_are_refused() {
    let rig = Rig::new();
    for routes in [["/a/{x}", "/a/{y}"], ["/a/{*x}", "/a/{*y}"]] {
        let layer = HttpLayer::new(rig.recorder.clone());
        let error = layer
            .routes(routes.map(|route| (Method::Get, route)))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(routes[1]), "{error}");
    }
    let error = HttpLayer::new(rig.recorder.clone())
        .exclude(Method::Get, "/{a}{b}", "")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}

#[test]
fn an_excluded_route_passes_uncounted_for_its_method_alone() {
    let rig = Rig::new();
    let layer = rig
        .layer()
        .exclude(Method::Get, "/debug", "internal")
        .unwrap();
    send(&rig, &layer, "GET", "/debug");
    assert_eq!(sent(&rig), 0.0);
    assert_eq!(
        rig.snapshot()
            .sum("novacron_api_request_duration_seconds", &[]),
        0.0
    );
    send(&rig, &layer, "POST", "/debug");
    assert_eq!(requests(&rig, "POST", "/debug"), 1.0);
    let coverage = rig.recorder.coverage();
    assert_eq!(
        coverage.excluded,
        [("GET /debug".to_owned(), "internal".to_owned())]
    );
    assert_eq!((coverage.declared, coverage.instrumented), (2, 2));
    assert_eq!(
        rig.snapshot().value("novacron_api_endpoints_excluded", &[]),
        Some(1.0)
    );
}

#[test]
fn a_call_to_a_deprecated_route_is_counted_once_more() {
    let rig = Rig::new();
    let layer = rig.layer().deprecate(Method::Get, "/api/v0/vms").unwrap();
    let deprecated = |rig: &Rig| {
        rig.snapshot().value(
            "novacron_api_deprecated_requests_total",
            &[("endpoint", "/api/v0/vms")],
        )
    };
    assert_eq!(deprecated(&rig), Some(0.0));
    send(&rig, &layer, "GET", "/api/v0/vms");
    send(&rig, &layer, "GET", "/api/v1/vms/7");
    send(&rig, &layer, "POST", "/api/v0/vms");
    assert_eq!(deprecated(&rig), Some(1.0));
    assert_eq!(requests(&rig, "GET", "/api/v0/vms"), 1.0);
}

#[test]
fn the_host_may_find_the_routes_that_were_not_declared() {
    let rig = Rig::new();
    let layer = rig.layer().endpoint_with(|view| {
        let path = view.uri.path();
        assert!(!path.contains("panic"), "the host's code breaks");
        (view.method == http::Method::GET && path.starts_with("/files/")).then_some("/files/…")
    });
    for path in ["/files/1", "/files/2", "/api/v1/vms/7", "/other", "/panic"] {
        send(&rig, &layer, "GET", path);
    }
    assert_eq!(requests(&rig, "GET", "/files/…"), 2.0);
    assert_eq!(
        requests(&rig, "GET", ROUTE),
        1.0,
        "what is declared comes first"
    );
    assert_eq!(requests(&rig, "GET", "UNMATCHED"), 2.0);
    let broken = [("site", "classifier")];
    assert_eq!(
        rig.snapshot()
            .value("novacron_telemetry_internal_errors_total", &broken),
        Some(1.0)
    );
}

#[test]
fn a_host_that_returns_paths_for_templates_meets_the_cap() {
    let rig = Rig::new();
    let layer = HttpLayer::new(rig.recorder.clone()).endpoint_with(|view| Some(view.uri.path()));
    for path in 0..1_000 {
        send(&rig, &layer, "GET", &format!("/vms/{path}"));
    }
    assert_eq!(requests(&rig, "GET", "/vms/0"), 1.0);
    assert_eq!(requests(&rig, "GET", "__other__"), 800.0);
    assert_eq!(sent(&rig), 1_000.0);
}

#[test]
fn a_layer_of_a_silent_recorder_is_transparent() {
    let recorder = novacron_telemetry::record::Recorder::new(Catalog::noop(), Default::default());
    let layer = HttpLayer::new(recorder)
        .routes([(Method::Get, ROUTE)])
        .unwrap();
    let rig = Rig::new();
    rig.drive(
        layer.layer(answer(200, known([Data(1)]))),
        get(),
        Until::End,
    );
    assert_eq!(sent(&rig), 0.0);
}
