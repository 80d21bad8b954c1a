//! Access lines: one for each request, whatever ends it, and none unless asked for.

use std::convert::Infallible;
use std::future::pending;
use std::net::IpAddr;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use novacron_telemetry::Telemetry;
use novacron_telemetry::catalog::Method;
use novacron_telemetry::layer::http::AccessLines;
use tower::{Layer, Service};

use crate::support::{Object, objects_of};

async fn answer(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path().ends_with("/hang") {
        pending::<()>().await;
    }
    Ok(Response::new(Full::new(Bytes::from_static(b"{\"id\":7}"))))
}

fn requests(lines: Option<AccessLines>, uris: &[&str]) -> Vec<Object> {
    let telemetry = Telemetry::builder("api-server", "1").build().unwrap();
    let mut layer = telemetry
        .http_layer()
        .routes([(Method::Get, "/vms/{id}"), (Method::Get, "/vms/{id}/hang")])
        .unwrap()
        .exclude(Method::Get, "/quiet", "a probe")
        .unwrap();
    if let Some(lines) = lines {
        layer = layer.access_lines(lines);
    }
    let mut service = layer.layer(tower::service_fn(answer));
    objects_of(|| {
        for uri in uris {
            let request = Request::get(*uri)
                .header("x-request-id", "r-42")
                .header("x-forwarded-for", "192.0.2.7")
                .header(
                    "traceparent",
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                )
                .body(Full::default())
                .unwrap();
            if let Some(Ok(response)) = service.call(request).now_or_never() {
                response
                    .into_body()
                    .collect()
                    .now_or_never()
                    .unwrap()
                    .unwrap();
            }
        }
    })
}

#[test]
fn each_request_has_one_line_however_it_ends() {
    let lines = requests(
        Some(AccessLines::new()),
        &["/vms/7?token=canary", "/vms/7/hang", "/nowhere", "/quiet"],
    );
    assert_eq!(lines.len(), 3, "{lines:?}");
    let line = &lines[0];
    assert_eq!(line["log_kind"], "access");
    assert_eq!(line["message"], "GET /vms/{id} 200");
    assert_eq!(line["endpoint"], "/vms/{id}");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["status"], 200);
    assert_eq!(line["response_bytes"], 8);
    assert_eq!(line["correlation_id"], "r-42");
    assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(line["duration_ms"].as_f64().unwrap() >= 0.0);
    assert!(!line.contains_key("client_ip"), "only for those who ask");
    assert_eq!(lines[1]["status"], 499);
    assert_eq!(lines[2]["endpoint"], "UNMATCHED");
    assert!(!format!("{lines:?}").contains("canary"));
}

#[test]
fn the_client_s_address_is_where_the_host_says() {
    let lines = AccessLines::new().client_ip(|_, headers| {
        let first = headers.get("x-forwarded-for")?.to_str().ok()?;
        first.parse::<IpAddr>().ok()
    });
    assert_eq!(
        requests(Some(lines), &["/vms/7"])[0]["client_ip"],
        "192.0.2.7"
    );
    let lines = AccessLines::new().client_ip(|_, _| panic!("on purpose"));
    crate::support::quiet();
    assert_eq!(requests(Some(lines), &["/vms/7"])[0]["status"], 200);
}

#[test]
fn a_layer_that_was_not_asked_says_nothing() {
    assert!(requests(None, &["/vms/7", "/vms/7/hang"]).is_empty());
}
