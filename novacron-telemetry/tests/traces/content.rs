//! What arrives is what happened.

use std::time::Duration;

use http::{Request, Response};
use http_body_util::Empty;
use novacron_telemetry::catalog::dwcp::DwcpMode;
use novacron_telemetry::catalog::migration::MigrationPhase;
use novacron_telemetry::catalog::{Method, MigrationError};
use novacron_telemetry::context::{Class, TraceContext};
use novacron_telemetry::record::{Migration, Outcome, current_context};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tower::{Layer, Service, service_fn};

use crate::receiver::{Receiver, attribute, sum, telemetry, text};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
type Body = Empty<bytes::Bytes>;

#[tokio::test]
async fn a_request_is_a_span_of_the_trace_that_its_client_named() {
    let receiver = Receiver::start();
    let telemetry = telemetry(receiver.traces());
    let layer = telemetry
        .http_layer()
        .routes([(Method::Get, "/api/v1/vms/{id}")])
        .unwrap();
    let mut service = layer.layer(service_fn(|_: Request<Body>| async {
        let inside = current_context().expect("the handler stands in the trace");
        assert_eq!(inside.tracestate(), Some("vendor=1"));
        Ok::<_, std::convert::Infallible>(Response::new(Body::new()))
    }));
    let request = Request::get("/api/v1/vms/7?token=s3cr3t")
        .header("traceparent", PARENT)
        .header("tracestate", "vendor=1");
    service
        .call(request.body(Body::new()).unwrap())
        .await
        .unwrap();
    let flushed = telemetry.flush_traces(Duration::from_secs(5));
    assert_eq!((flushed.exported, flushed.lost, flushed.waiting), (1, 0, 0));
    let [span] = &receiver.spans()[..] else {
        panic!("one span")
    };
    assert_eq!(span.name, "GET /api/v1/vms/{id}");
    assert_eq!(span.kind(), SpanKind::Server);
    assert_eq!(
        span.trace_id,
        0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736u128.to_be_bytes()
    );
    assert_eq!(span.parent_span_id, 0x00f0_67aa_0ba9_02b7u64.to_be_bytes());
    assert_eq!(span.trace_state, "vendor=1");
    assert_eq!(span.status.as_ref().unwrap().code(), StatusCode::Ok);
    assert_eq!(text(&span.attributes, "operation.name").unwrap(), span.name);
    assert_eq!(
        text(&span.attributes, "http.request.method").unwrap(),
        "GET"
    );
    let status = attribute(&span.attributes, "http.response.status_code");
    assert_eq!(status, Some(Value::IntValue(200)));
    assert_eq!(text(&span.attributes, "outcome").unwrap(), "success");
    assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    assert!(now.as_nanos().abs_diff(u128::from(span.end_time_unix_nano)) < 60_000_000_000);
    assert!(
        !format!("{span:?}").contains("s3cr3t"),
        "a query is no part of a span"
    );
    for (key, value) in [
        ("service.name", "api-server"),
        ("service.version", "1.2.3"),
        ("service.namespace", "novacron"),
    ] {
        assert_eq!(receiver.resource(key).as_deref(), Some(value));
    }
    let success = [("result", "success")];
    assert_eq!(
        sum(&telemetry, "novacron_traces_exported_total", &success),
        1.0
    );
}

#[test]
fn a_migration_is_one_trace_with_a_span_for_each_phase() {
    let receiver = Receiver::start();
    let telemetry = telemetry(receiver.traces().sample(Class::Default, 0.0));
    let recorder = telemetry.recorder().clone();
    let run = Migration::new_with(recorder, "node-1", "node-2")
        .mode(DwcpMode::Internet)
        .begin();
    let over_there = run.trace().expect("it is traced");
    run.enter(MigrationPhase::PreCopy);
    run.enter(MigrationPhase::Downtime);
    run.fail(MigrationError::PacketLoss);
    // What the other side does in answer is part of the same trace.
    let headers = (
        over_there.traceparent().to_string(),
        over_there.tracestate(),
    );
    let there = TraceContext::parse(&headers.0, headers.1.unwrap_or_default());
    let other = telemetry.recorder().scope(async {
        Migration::new("node-1", "node-2")
            .begin()
            .finish(Outcome::Success);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(other.in_trace(there));
    assert_eq!(telemetry.flush_traces(Duration::from_secs(5)).exported, 5);
    let spans = receiver.spans();
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(
        names,
        [
            "initializing",
            "pre_copy",
            "downtime",
            "dwcp_migration",
            "dwcp_migration"
        ]
    );
    let [.., migration, other] = &spans[..] else {
        panic!()
    };
    assert!(
        spans.iter().all(|span| span.trace_id == migration.trace_id),
        "one trace"
    );
    assert!(migration.parent_span_id.is_empty());
    for span in spans
        .iter()
        .filter(|span| span.span_id != migration.span_id)
    {
        assert_eq!(span.parent_span_id, migration.span_id, "{}", span.name);
    }
    assert_eq!(other.status.as_ref().unwrap().code(), StatusCode::Ok);
    for phases in spans[..3].windows(2) {
        assert_eq!(
            phases[0].end_time_unix_nano, phases[1].start_time_unix_nano,
            "no gap"
        );
    }
    assert_eq!(
        spans[0].start_time_unix_nano,
        migration.start_time_unix_nano
    );
    for (key, value) in [
        ("source.node", "node-1"),
        ("dest.node", "node-2"),
        ("network.mode", "internet"),
        ("outcome", "failure"),
    ] {
        assert_eq!(text(&migration.attributes, key).as_deref(), Some(value));
    }
    assert_eq!(migration.status.as_ref().unwrap().code(), StatusCode::Error);
    let [exception] = &migration.events[..] else {
        panic!("an exception")
    };
    assert_eq!(exception.name, "exception");
    assert!(text(&exception.attributes, "exception.type").is_some());
    assert!(text(&exception.attributes, "exception.message").is_some());
}

#[tokio::test]
async fn requests_that_end_badly_are_rescued_and_marked() {
    let receiver = Receiver::start();
    let traces = receiver.traces().sample(Class::Default, 0.0);
    let telemetry = crate::receiver::builder()
        .slow_request(Duration::from_millis(20))
        .traces(traces)
        .build()
        .unwrap();
    let mut service =
        telemetry
            .http_layer()
            .layer(service_fn(|request: Request<Body>| async move {
                let mut response = Response::new(Body::new());
                match request.uri().path() {
                    "/error" => *response.status_mut() = http::StatusCode::BAD_GATEWAY,
                    "/refused" => *response.status_mut() = http::StatusCode::NOT_FOUND,
                    "/slow" => tokio::time::sleep(Duration::from_millis(40)).await,
                    "/left" => std::future::pending().await,
                    _ => {}
                }
                Ok::<_, std::convert::Infallible>(response)
            }));
    let request = |path: &str| Request::get(path).body(Body::new()).unwrap();
    for path in ["/fine", "/refused", "/error", "/slow"] {
        service.call(request(path)).await.unwrap();
    }
    let left = service.call(request("/left"));
    drop(tokio::time::timeout(Duration::from_millis(5), left).await);
    assert_eq!(telemetry.flush_traces(Duration::from_secs(5)).lost, 0);
    let mut reasons: Vec<_> = receiver
        .spans()
        .iter()
        .map(|span| text(&span.attributes, "sampled.reason").unwrap())
        .collect();
    reasons.sort();
    assert_eq!(reasons, ["cancelled", "error", "slow"]);
    // And the example of the slow request leads to its span.
    let slow = receiver
        .spans()
        .into_iter()
        .find(|span| text(&span.attributes, "sampled.reason").as_deref() == Some("slow"));
    let id = slow
        .unwrap()
        .trace_id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let request = Request::get("/metrics").header("accept", "application/openmetrics-text");
    let response = telemetry
        .metrics_service()
        .call(request.body(Body::new()).unwrap())
        .await;
    let body = http_body_util::BodyExt::collect(response.unwrap().into_body())
        .await
        .unwrap();
    let exposition = String::from_utf8(body.to_bytes().to_vec()).unwrap();
    let examples: Vec<_> = exposition
        .lines()
        .filter(|line| line.contains("trace_id="))
        .collect();
    assert!(
        !examples.is_empty() && examples.iter().any(|line| line.contains(&id)),
        "{examples:?}"
    );
    let exported: Vec<String> = receiver
        .spans()
        .iter()
        .map(|span| {
            span.trace_id
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        })
        .collect();
    for example in examples {
        assert!(
            exported.iter().any(|id| example.contains(id)),
            "{example} leads nowhere"
        );
    }
}

#[tokio::test]
async fn health_checks_are_never_recorded() {
    let receiver = Receiver::start();
    let telemetry = telemetry(receiver.traces().sample(Class::Default, 1.0));
    let layer = telemetry
        .http_layer()
        .routes([(Method::Get, "/healthz")])
        .unwrap();
    let mut service = layer.layer(service_fn(|_: Request<Body>| async {
        assert!(!current_context().unwrap().ids().sampled);
        Ok::<_, std::convert::Infallible>(Response::new(Body::new()))
    }));
    let request = Request::get("/healthz").header("traceparent", PARENT);
    service
        .call(request.body(Body::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(telemetry.flush_traces(Duration::from_secs(5)).exported, 0);
    assert!(receiver.spans().is_empty());
}

/// Requests over the layer, of which each class gets its share.
#[tokio::test]
async fn shares_are_those_of_the_table() {
    const REQUESTS: u32 = 20_000;
    let receiver = Receiver::start();
    let telemetry = telemetry(
        receiver
            .traces()
            .batch(512, Duration::from_millis(20))
            .queue(100_000),
    );
    let layer = telemetry.http_layer().routes([
        (Method::Get, "/api/v1/vms"),
        (Method::Post, "/api/v1/vms"),
        (Method::Get, "/healthz"),
    ]);
    let mut service = layer.unwrap().layer(service_fn(|_: Request<Body>| async {
        Ok::<_, std::convert::Infallible>(Response::new(Body::new()))
    }));
    for number in 0..REQUESTS {
        let request = match number % 20 {
            0 => Request::post("/api/v1/vms"),
            1 => Request::get("/healthz"),
            _ => Request::get("/api/v1/vms"),
        };
        service
            .call(request.body(Body::new()).unwrap())
            .await
            .unwrap();
    }
    let flushed = telemetry.flush_traces(Duration::from_secs(30));
    assert_eq!((flushed.lost, flushed.waiting), (0, 0));
    let spans = receiver.spans();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).count() as f64;
    assert_eq!(named("POST /api/v1/vms"), f64::from(REQUESTS / 20));
    assert_eq!(named("GET /healthz"), 0.0);
    let reads = f64::from(REQUESTS) * 0.9;
    let (expected, allowed) = (reads * 0.1, 5.0 * (reads * 0.1 * 0.9).sqrt());
    let kept = named("GET /api/v1/vms");
    assert!((kept - expected).abs() < allowed, "{kept} of {reads}");
    for (class, decision, count) in [
        ("vm_operation", "sampled", f64::from(REQUESTS / 20)),
        ("health_check", "dropped", f64::from(REQUESTS / 20)),
        ("default", "sampled", kept),
        ("default", "dropped", reads - kept),
    ] {
        let labels = [("sampling_class", class), ("decision", decision)];
        assert_eq!(
            sum(&telemetry, "novacron_traces_spans_total", &labels),
            count,
            "{class}"
        );
    }
}
