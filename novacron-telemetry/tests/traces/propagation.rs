//! One trace over two services, over the HTTP and the gRPC of others.

use std::time::Duration;

use axum::Router;
use axum::routing::any;
use http::{HeaderMap, Request, Response};
use http_body_util::Empty;
use novacron_telemetry::Telemetry;
use novacron_telemetry::context::{Class, TraceContext};
use novacron_telemetry::record::{Migration, Outcome};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::receiver::{Receiver, builder, text};

const PATIENCE: Duration = Duration::from_secs(10);

fn two(receiver: &Receiver) -> [Telemetry; 2] {
    // Only what is always kept begins a trace: whatever arrives belongs to it.
    let traces = || receiver.traces().sample(Class::Default, 0.0);
    ["source", "destination"]
        .map(|name| builder().component(name).traces(traces()).build().unwrap())
}

/// From the root on, each is the parent of the next.
fn assert_chain(spans: &[Span], names: &[(&str, SpanKind)]) {
    let mut parent: &[u8] = &[];
    for (name, kind) in names {
        let child = spans
            .iter()
            .find(|span| span.parent_span_id == parent && span.name == *name);
        let child = child.unwrap_or_else(|| panic!("no {name} below {parent:?} in {spans:#?}"));
        assert_eq!((child.kind(), &child.trace_id), (*kind, &spans[0].trace_id));
        parent = &child.span_id;
    }
}

fn there() {
    Migration::new("node-1", "node-2")
        .begin()
        .finish(Outcome::Success);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_over_http_is_one_trace() {
    let receiver = Receiver::start();
    let [source, destination] = two(&receiver);
    let app = Router::new()
        .route("/api/v1/migrations", any(async |_: HeaderMap| there()))
        .layer(destination.http_layer());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let send = service_fn(move |request: Request<Empty<bytes::Bytes>>| async move {
        let mut stream = TcpStream::connect(address).await?;
        let mut head = format!(
            "POST {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n",
            request.uri().path()
        );
        for (name, value) in request.headers() {
            head += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        stream.write_all((head + "\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        Ok::<_, std::io::Error>(Response::new(Empty::<bytes::Bytes>::new()))
    });
    let mut client = source.http_client_layer("dwcp").layer(send);
    let run = source.scope(|| Migration::new("node-1", "node-2").begin());
    let call = async {
        let request = Request::post("/api/v1/migrations")
            .body(Empty::new())
            .unwrap();
        client.ready().await.unwrap().call(request).await.unwrap();
    };
    source.recorder().scope(call).in_trace(run.trace()).await;
    run.finish(Outcome::Success);
    destination.flush_traces(PATIENCE);
    source.flush_traces(PATIENCE);
    let spans = receiver.spans();
    assert_chain(
        &spans,
        &[
            ("dwcp_migration", SpanKind::Internal),
            ("dwcp POST", SpanKind::Client),
            ("POST /api/v1/migrations", SpanKind::Server),
        ],
    );
    let inner = spans
        .iter()
        .filter(|span| span.name == "dwcp_migration")
        .count();
    assert_eq!((inner, spans.len()), (2, 4));
    let call = spans
        .iter()
        .find(|span| span.kind() == SpanKind::Client)
        .unwrap();
    assert_eq!(
        text(&call.attributes, "peer.service").as_deref(),
        Some("dwcp")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_over_grpc_is_one_trace() {
    let receiver = Receiver::start();
    let [source, destination] = two(&receiver);
    let app = Router::new().route(
        "/dwcp.Migration/Start",
        any(async || {
            there();
            [("content-type", "application/grpc"), ("grpc-status", "0")]
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let layer = destination.grpc_layer();
    tokio::spawn(async move {
        let server = Server::builder().layer(layer).add_routes(Routes::from(app));
        server
            .serve_with_incoming(TcpIncoming::from(listener))
            .await
            .unwrap();
    });
    let channel = Endpoint::try_from(format!("http://{address}"))
        .unwrap()
        .connect_lazy();
    let mut client = source.grpc_client_layer("dwcp").layer(channel);
    let run = source.scope(|| Migration::new("node-1", "node-2").begin());
    let call = async {
        let request = Request::post(format!("http://{address}/dwcp.Migration/Start"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(tonic::body::Body::empty());
        let client = ServiceExt::<Request<tonic::body::Body>>::ready(&mut client)
            .await
            .unwrap();
        let answer = client.call(request.unwrap()).await.unwrap();
        assert_eq!(answer.headers()["grpc-status"], "0");
    };
    source.recorder().scope(call).in_trace(run.trace()).await;
    run.finish(Outcome::Success);
    destination.flush_traces(PATIENCE);
    source.flush_traces(PATIENCE);
    let spans = receiver.spans();
    assert_chain(
        &spans,
        &[
            ("dwcp_migration", SpanKind::Internal),
            ("dwcp Start", SpanKind::Client),
            ("dwcp.Migration/Start", SpanKind::Server),
        ],
    );
    let server = spans
        .iter()
        .find(|span| span.kind() == SpanKind::Server)
        .unwrap();
    let inner = spans
        .iter()
        .find(|span| span.parent_span_id == server.span_id)
        .unwrap();
    assert_eq!((&*inner.name, spans.len()), ("dwcp_migration", 4));
}

#[test]
fn bad_headers_begin_a_new_trace_and_break_nothing() {
    let receiver = Receiver::start();
    let telemetry = builder()
        .traces(receiver.traces().sample(Class::Default, 1.0))
        .build()
        .unwrap();
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let huge = "x".repeat(10_000);
    let zeros = format!("00-{:032}-{:016}-01", 0, 0);
    let cases: [&[(&str, &str)]; 6] = [
        &[("traceparent", "garbage")],
        &[("traceparent", &huge)],
        &[("traceparent", &zeros)],
        &[("traceparent", good), ("traceparent", good)],
        &[("traceparent", &good[..54])],
        &[("traceparent", ""), ("tracestate", &huge)],
    ];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for headers in cases {
        let mut request = Request::get("/a")
            .body(Empty::<bytes::Bytes>::new())
            .unwrap();
        for (name, value) in headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        assert_eq!(TraceContext::extract(request.headers()), None);
        let mut service = telemetry.http_layer().layer(service_fn(|_| async {
            Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
        }));
        runtime.block_on(service.call(request)).unwrap();
    }
    assert_eq!(
        telemetry.flush_traces(PATIENCE).exported,
        cases.len() as u64
    );
    for span in receiver.spans() {
        assert!(
            span.parent_span_id.is_empty() && span.trace_state.is_empty(),
            "{span:?}"
        );
    }
}
