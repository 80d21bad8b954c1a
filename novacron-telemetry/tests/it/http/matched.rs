//! Inside an axum router: the route template is the router's.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use novacron_telemetry::catalog::Method;
use tower::ServiceExt;

use super::Rig;

/// Sends requests one after the other; says which endpoints were counted, and how often.
async fn endpoints(rig: &Rig, app: Router, requests: &[(&str, &str)]) -> Vec<(String, u64)> {
    for (method, path) in requests {
        let request = Request::builder()
            .method(*method)
            .uri(*path)
            .body(Body::empty())
            .unwrap();
        app.clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap();
    }
    let snapshot = rig.snapshot();
    let counted = snapshot.series("novacron_api_requests_total").iter();
    let counted = counted.map(|series| {
        (
            super::value(series, "endpoint"),
            series.sample.value() as u64,
        )
    });
    let mut counted: Vec<_> = counted.collect();
    counted.sort();
    counted
}

fn counted<const N: usize>(expected: [(&str, u64); N]) -> Vec<(String, u64)> {
    expected
        .map(|(endpoint, count)| (endpoint.to_owned(), count))
        .into()
}

#[tokio::test]
async fn a_nested_route_is_counted_under_its_whole_template() {
    let rig = Rig::new();
    let vms = Router::new()
        .route("/", get(|| async {}))
        .route("/{id}", get(|| async {}));
    let v1 = Router::new().nest("/vms", vms).layer(rig.layer());
    let app = Router::new().nest("/api/v1", v1);
    let seen = endpoints(
        &rig,
        app,
        &[
            ("GET", "/api/v1/vms"),
            ("GET", "/api/v1/vms/1"),
            ("GET", "/api/v1/vms/2"),
        ],
    )
    .await;
    assert_eq!(seen, counted([("/api/v1/vms", 1), ("/api/v1/vms/{id}", 2)]));
}

#[tokio::test]
async fn a_fallback_is_unmatched_and_a_wrong_method_is_not() {
    let rig = Rig::new();
    let app = Router::new()
        .route("/vms/{id}", post(|| async {}))
        .nest("/nested", Router::new().route("/a", get(|| async {})))
        .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
        .layer(rig.layer());
    let seen = endpoints(
        &rig,
        app,
        &[("GET", "/nowhere"), ("GET", "/nested/b"), ("GET", "/vms/7")],
    )
    .await;
    assert_eq!(seen, counted([("/vms/{id}", 1), ("UNMATCHED", 2)]));
    let refused = [
        ("method", "GET"),
        ("endpoint", "/vms/{id}"),
        ("status", "405"),
    ];
    assert_eq!(
        rig.snapshot()
            .value("novacron_api_requests_total", &refused),
        Some(1.0)
    );
}

#[tokio::test]
async fn what_was_declared_holds_for_the_routers_templates_too() {
    let rig = Rig::new();
    let layer = rig
        .layer()
        .exclude(Method::Get, "/api/debug/{what}", "internal")
        .and_then(|layer| layer.deprecate(Method::Get, "/api/old"))
        .unwrap();
    let api = Router::new()
        .route("/debug/{what}", get(|| async {}))
        .route("/old", get(|| async {}))
        .layer(layer);
    let app = Router::new().nest("/api", api);
    let seen = endpoints(
        &rig,
        app,
        &[("GET", "/api/debug/heap"), ("GET", "/api/old")],
    )
    .await;
    assert_eq!(seen, counted([("/api/old", 1)]));
    let deprecated = rig.snapshot().value(
        "novacron_api_deprecated_requests_total",
        &[("endpoint", "/api/old")],
    );
    assert_eq!(deprecated, Some(1.0));
}

#[tokio::test]
async fn around_a_whole_router_the_declared_routes_are_the_templates() {
    let rig = Rig::new();
    let app = Router::new().route("/api/v1/vms/{id}", get(|| async {}));
    let app = Router::new().fallback_service(tower::Layer::layer(&rig.layer(), app));
    let seen = endpoints(&rig, app, &[("GET", "/api/v1/vms/7"), ("GET", "/nowhere")]).await;
    assert_eq!(seen, counted([("/api/v1/vms/{id}", 1), ("UNMATCHED", 1)]));
}
