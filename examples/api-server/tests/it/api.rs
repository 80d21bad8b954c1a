//! Requests are counted once each, by method, route and the way they ended.

use std::time::Duration;

use api_server::routes::ROUTES;
use axum::http::Method;
use http_body_util::BodyExt as _;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

use crate::support::{Host, PATIENCE};

const VM: &str = "/api/v1/vms/{id}";

#[tokio::test]
async fn each_kind_of_answer_is_counted_under_its_route() {
    let host = Host::start().await;
    assert_eq!(host.requests("GET", "/api/v1/vms", "200"), 0.0);
    let path = host.vm("web-1").await;
    host.post("/api/v1/vms", "{").await;
    host.post("/api/v1/vms", r#"{"name":"web-1"}"#).await;
    for _ in 0..3 {
        host.get(&path).await;
    }
    host.get("/api/v1/vms/17").await;
    host.get("/api/v1/vms/export").await;
    host.send(Method::HEAD, &path, "").await;
    host.put(&path, "").await;
    host.send(Method::from_bytes(b"BREW").expect("a method"), &path, "")
        .await;
    for n in 0..5 {
        host.get(&format!("/api/v7/{n}")).await;
    }
    host.post(&format!("{path}/start"), "").await;

    for (method, endpoint, status, count) in [
        ("POST", "/api/v1/vms", "201", 1.0),
        ("POST", "/api/v1/vms", "400", 1.0),
        ("POST", "/api/v1/vms", "409", 1.0),
        ("GET", VM, "200", 3.0),
        ("GET", VM, "404", 1.0),
        ("GET", "/api/v1/vms/export", "200", 1.0),
        ("HEAD", VM, "200", 1.0),
        ("PUT", VM, "405", 1.0),
        ("OTHER", VM, "405", 1.0),
        ("GET", "UNMATCHED", "404", 5.0),
        ("POST", "/api/v1/vms/{id}/start", "200", 1.0),
    ] {
        assert_eq!(
            host.requests(method, endpoint, status),
            count,
            "{method} {endpoint} {status}"
        );
    }
    assert_eq!(
        host.total("novacron_api_requests_total", &[]),
        17.0,
        "and nothing else"
    );
    assert_eq!(host.total("novacron_api_requests_in_flight", &[]), 0.0);
    assert_eq!(
        host.total("novacron_api_request_duration_seconds", &[]),
        17.0
    );
}

#[tokio::test]
async fn what_is_no_api_work_is_not_counted() {
    let host = Host::start().await;
    for path in ["/health", "/faults"] {
        host.get(path).await;
    }
    host.post("/alerts", "{}").await;
    assert_eq!(host.put("/health", "").await.status, 405);
    host.put("/alerts", "")
        .await
        .refused(405, "method_not_allowed");
    assert_eq!(host.total("novacron_api_requests_total", &[]), 0.0);
}

#[tokio::test]
async fn every_route_is_declared_and_counted() {
    let host = Host::start().await;
    let coverage = host.telemetry.coverage();
    assert_eq!(coverage.declared, ROUTES.len());
    assert!(coverage.ratio() >= 0.95, "{coverage:?}");

    // And they exist: what a router does not know would be a 404 without a VM, or a 405.
    let path = host.vm("web-1").await;
    host.fault(r#"{"down":true}"#).await;
    for (method, template) in ROUTES {
        let path = template.replace("/api/v1/vms/{id}", &path);
        let method = Method::from_bytes(method.as_str().as_bytes()).expect("a method");
        assert_eq!(
            host.send(method.clone(), &path, "").await.status,
            503,
            "{method} {path}"
        );
        assert_eq!(
            host.requests(method.as_str(), template, "503"),
            1.0,
            "{method} {template}"
        );
    }
}

#[tokio::test]
async fn failures_are_counted_by_class() {
    let host = Host::start().await;
    let failed = |error_type: &'static str| {
        let labels = [("endpoint", "/api/v1/vms"), ("error_type", error_type)];
        host.total("novacron_api_errors_total", &labels)
    };
    host.fault(r#"{"panic_ratio":1}"#).await;
    host.get("/api/v1/vms").await;
    host.fault(r#"{"panic_ratio":0,"error_ratio":1}"#).await;
    host.get("/api/v1/vms").await;
    host.fault(r#"{"error_ratio":0,"down":true}"#).await;
    host.get("/api/v1/vms").await;
    host.delete("/faults").await;
    host.post("/api/v1/vms", r#"{"name":"!"}"#).await;
    assert_eq!((failed("panic"), failed("internal")), (1.0, 1.0));
    assert_eq!((failed("unavailable"), failed("bad_request")), (1.0, 1.0));
    assert_eq!(host.total("novacron_api_panics_total", &[]), 1.0);
    assert_eq!(host.requests("GET", "/api/v1/vms", "500"), 2.0);
}

#[tokio::test]
async fn a_client_that_leaves_is_counted_before_the_head_and_inside_the_body() {
    let host = Host::start().await;
    for n in 0..3 {
        host.vm(&format!("vm-{n}")).await;
    }
    host.fault(r#"{"delay_ms":2000}"#).await;
    for _ in 0..4 {
        let mut client = TcpStream::connect(host.address)
            .await
            .expect("a connection");
        let request = b"GET /api/v1/vms HTTP/1.1\r\nhost: test\r\n\r\n";
        client.write_all(request).await.expect("written");
        host.until("novacron_api_requests_in_flight", &[("method", "GET")], 1.0)
            .await;
        drop(client);
        host.until("novacron_api_requests_in_flight", &[("method", "GET")], 0.0)
            .await;
    }
    assert_eq!(host.requests("GET", "/api/v1/vms", "499"), 4.0);

    host.fault(r#"{"delay_ms":300}"#).await;
    for _ in 0..2 {
        let mut export = host
            .open(Method::GET, "/api/v1/vms/export", "")
            .await
            .into_body();
        timeout(PATIENCE, export.frame())
            .await
            .expect("in time")
            .expect("a row")
            .expect("whole");
    }
    host.until("novacron_api_requests_in_flight", &[("method", "GET")], 0.0)
        .await;
    assert_eq!(host.requests("GET", "/api/v1/vms/export", "499"), 2.0);
    assert_eq!(
        host.total("novacron_api_client_disconnects_total", &[]),
        6.0
    );
}

#[tokio::test]
async fn an_event_stream_ends_well_when_its_client_leaves_and_is_no_latency() {
    let host = Host::start().await;
    let events = host.open(Method::GET, "/api/v1/events", "").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(events);
    // The server learns that it left when it next writes to it.
    host.vm("web-1").await;
    host.until("novacron_api_requests_in_flight", &[("method", "GET")], 0.0)
        .await;
    assert_eq!(host.requests("GET", "/api/v1/events", "200"), 1.0);
    let timed = [("method", "GET"), ("endpoint", "/api/v1/events")];
    assert_eq!(
        host.total("novacron_api_request_duration_seconds", &timed),
        0.0
    );
}
