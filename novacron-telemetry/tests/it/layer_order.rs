//! Whether a time-out, a panic or a client that left is seen as such depends on which side of our
//! layer the layer is that deals with it. This is the table.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{MethodRouter, any};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http_body_util::BodyExt;
use novacron_telemetry::layer::http::HttpLayer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::http::{ROUTE, Rig, Seen};

/// On which side of our layer the other one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Inside,
    Outside,
}
use Side::{Inside, Outside};

const BOTH: [Side; 2] = [Inside, Outside];

/// A router with one route, our layer, and another one on this side of it.
macro_rules! app {
    ($rig:expr, $side:expr, $other:expr, $handler:expr) => {{
        let ours: HttpLayer = $rig.layer();
        let app = Router::new().route(ROUTE, $handler);
        match $side {
            Inside => app.layer($other).layer(ours),
            Outside => app.layer(ours).layer($other),
        }
    }};
}

fn request() -> Request {
    Request::get("/api/v1/vms/7")
        .header("accept-encoding", "gzip")
        .body(Body::empty())
        .unwrap()
}

/// Sends one request through the router, reads all of the answer, and says what is on the wire.
async fn send(app: Router) -> StatusCode {
    let response = app.oneshot(request()).await.unwrap();
    let status = response.status();
    let _ = response.into_body().collect().await;
    status
}

fn hello() -> MethodRouter {
    any(|| async { "hello, hello, hello, hello, hello, hello, hello, hello" })
}

fn waits() -> MethodRouter {
    any(|| async { pending::<()>().await })
}

fn panics() -> MethodRouter {
    async fn handler() -> StatusCode {
        panic!("the handler panics")
    }
    any(handler)
}

/// Some data, and then nothing for ever.
fn stalls() -> MethodRouter {
    any(|| async {
        let first = stream::once(async { Ok::<_, Infallible>(Bytes::from(vec![b'x'; 100])) });
        Body::from_stream(first.chain(stream::pending()))
    })
}

/// Some data, and then a panic.
fn panics_in_its_body() -> MethodRouter {
    any(|| async {
        let first = stream::once(async { Ok::<_, Infallible>(Bytes::from(vec![b'x'; 100])) });
        Body::from_stream(first.chain(stream::once(broken())))
    })
}

async fn broken() -> Result<Bytes, Infallible> {
    panic!("the body panics")
}

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(10))
}

#[tokio::test]
async fn a_timeout_is_one_inside_and_a_client_that_left_outside() {
    for (side, expected) in [
        (
            Inside,
            Seen {
                timeouts: 1,
                ..Seen::answered("504").error("timeout")
            },
        ),
        (Outside, Seen::left().untimed()),
    ] {
        let rig = Rig::new();
        let wire = send(app!(rig, side, timeout(), waits())).await;
        assert_eq!(
            (wire, Seen::read(&rig.registry)),
            (StatusCode::GATEWAY_TIMEOUT, expected),
            "{side:?}"
        );
    }
}

#[tokio::test]
async fn a_timeout_that_answers_408_is_one_too() {
    let rig = Rig::new();
    let layer =
        TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_millis(10));
    send(app!(rig, Inside, layer, waits())).await;
    assert_eq!(
        Seen::read(&rig.registry),
        Seen {
            timeouts: 1,
            ..Seen::answered("408").error("timeout")
        }
    );
}

#[tokio::test]
async fn a_panic_is_a_plain_error_where_it_was_caught_before_and_a_panic_elsewhere() {
    for (side, expected) in [
        (Inside, Seen::answered("500").error("internal")),
        (Outside, Seen::panicked().untimed()),
    ] {
        let rig = Rig::new();
        let wire = send(app!(rig, side, CatchPanicLayer::new(), panics())).await;
        assert_eq!(
            (wire, Seen::read(&rig.registry)),
            (StatusCode::INTERNAL_SERVER_ERROR, expected),
            "{side:?}"
        );
    }
}

#[tokio::test]
async fn no_layer_catches_a_panic_in_a_body_and_ours_counts_it() {
    for side in BOTH {
        let rig = Rig::new();
        let app = app!(rig, side, CatchPanicLayer::new(), panics_in_its_body());
        tokio::spawn(send(app)).await.unwrap_err();
        assert_eq!(Seen::read(&rig.registry), Seen::panicked(), "{side:?}");
    }
}

#[tokio::test]
async fn timeout_and_catch_panic_together_work_in_every_order() {
    let cases = [
        (
            waits as fn() -> MethodRouter,
            Seen {
                timeouts: 1,
                ..Seen::answered("504").error("timeout")
            },
        ),
        (panics, Seen::answered("500").error("internal")),
    ];
    for (handler, expected) in cases {
        for swap in [false, true] {
            let rig = Rig::new();
            let app = Router::new().route(ROUTE, handler());
            let app = if swap {
                app.layer(timeout()).layer(CatchPanicLayer::new())
            } else {
                app.layer(CatchPanicLayer::new()).layer(timeout())
            };
            send(app.layer(rig.layer())).await;
            assert_eq!(Seen::read(&rig.registry), expected, "swapped: {swap}");
        }
    }
}

#[tokio::test]
async fn what_is_compressed_is_counted_on_the_side_where_we_stand() {
    let mut bytes = Vec::new();
    for side in BOTH {
        let rig = Rig::new();
        let layer = CompressionLayer::new();
        assert_eq!(send(app!(rig, side, layer, hello())).await, StatusCode::OK);
        assert_eq!(Seen::read(&rig.registry), Seen::answered("200"), "{side:?}");
        let snapshot = rig.snapshot();
        let sizes = snapshot.find(
            "novacron_api_response_body_bytes",
            &[("method", "GET"), ("endpoint", ROUTE)],
        );
        let novacron_telemetry::registry::Sample::Histogram { sum, .. } = sizes.unwrap().sample
        else {
            panic!("sizes are a histogram");
        };
        bytes.push(sum);
    }
    assert_eq!(bytes[1], 54.0, "before it is compressed");
    assert!(bytes[0] < 54.0, "after it was compressed: {}", bytes[0]);
}

#[tokio::test]
async fn a_trace_layer_changes_nothing_on_either_side() {
    for side in BOTH {
        for (handler, expected) in [
            (hello as fn() -> MethodRouter, Seen::answered("200")),
            (
                || any(|| async { StatusCode::NOT_FOUND }),
                Seen::answered("404").error("not_found"),
            ),
        ] {
            let rig = Rig::new();
            send(app!(rig, side, TraceLayer::new_for_http(), handler())).await;
            assert_eq!(Seen::read(&rig.registry), expected, "{side:?}");
        }
    }
}

/// How much of an answer a client waits for before it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    BeforeHead,
    InBody,
}

/// Serves the router on a real socket to one client who leaves.
async fn serve(rig: &Rig, app: Router, leaves: Leaves) -> Seen {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = "GET /api/v1/vms/7 HTTP/1.1\r\nhost: localhost\r\naccept-encoding: gzip\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    match leaves {
        Leaves::BeforeHead => in_flight(rig, 1.0).await,
        Leaves::InBody => assert!(client.read(&mut [0; 1024]).await.unwrap() > 0),
    }
    drop(client);
    in_flight(rig, 0.0).await;
    server.abort();
    Seen::read(&rig.registry)
}

/// Waits until this many requests are in flight.
async fn in_flight(rig: &Rig, wanted: f64) {
    let reached = async {
        while rig.snapshot().sum("novacron_api_requests_in_flight", &[]) != wanted {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached)
        .await
        .expect("the server notices its clients");
}

#[tokio::test]
async fn a_client_that_left_is_seen_through_every_layer() {
    let long =
        || TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(60));
    for (handler, leaves, expected) in [
        (
            waits as fn() -> MethodRouter,
            Leaves::BeforeHead,
            Seen::left().untimed(),
        ),
        (stalls, Leaves::InBody, Seen::left()),
    ] {
        for side in BOTH {
            let rigs: [Rig; 4] = std::array::from_fn(|_| Rig::new());
            let apps = [
                app!(rigs[0], side, CatchPanicLayer::new(), handler()),
                app!(rigs[1], side, long(), handler()),
                app!(rigs[2], side, TraceLayer::new_for_http(), handler()),
                app!(rigs[3], side, CompressionLayer::new(), handler()),
            ];
            for (rig, app) in rigs.iter().zip(apps) {
                assert_eq!(
                    serve(rig, app, leaves).await,
                    expected,
                    "{leaves:?}, {side:?}"
                );
            }
        }
    }
}
