//! A real server, and clients that stay or leave; and what strangers may make up.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use novacron_telemetry::catalog::Method;
use novacron_telemetry::layer::http::HttpLayer;
use novacron_telemetry::registry::Snapshot;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tower::{Layer, Service};

use crate::http::{Rig, answer, known, poll_once, request};

const REQUESTS: usize = 10_000;
const CLIENTS: usize = 50;

/// What both ends know, beside what is measured.
struct Truth {
    /// Clients said so before they wrote the request.
    sent: AtomicU64,
    /// The handler was reached, so the layer has begun.
    entered: AtomicU64,
    /// The client has all of the answer, or the handler's last part was dropped: the layer, which
    /// is further out, has ended before.
    over: AtomicU64,
    /// Opens when the handler of the request of this number was reached.
    gates: Vec<Notify>,
}

/// What is dropped with a handler, or with the body that it made.
struct Inside(Arc<Truth>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.over.fetch_add(1, Ordering::AcqRel);
    }
}

fn app(truth: &Arc<Truth>) -> Router {
    async fn whole(State(truth): State<Arc<Truth>>) -> &'static str {
        truth.entered.fetch_add(1, Ordering::AcqRel);
        "hello"
    }
    async fn never(State(truth): State<Arc<Truth>>, Path(number): Path<usize>) {
        let _inside = Inside(Arc::clone(&truth));
        truth.entered.fetch_add(1, Ordering::AcqRel);
        truth.gates[number].notify_one();
        std::future::pending::<()>().await;
    }
    async fn endless(State(truth): State<Arc<Truth>>) -> Body {
        truth.entered.fetch_add(1, Ordering::AcqRel);
        let inside = Inside(truth);
        let first = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"hello")) });
        Body::from_stream(first.chain(stream::once(async move {
            let _inside = inside;
            std::future::pending().await
        })))
    }
    Router::new()
        .route("/api/v1/whole", get(whole))
        .route("/api/v1/never/{number}", get(never))
        .route("/api/v1/endless", get(endless))
        .with_state(Arc::clone(truth))
}

/// Sends every request whose number is this one modulo [`CLIENTS`]. Of ten, one is given up
/// before its head, one inside its body, and eight are read, one connection carrying them all.
async fn client(truth: Arc<Truth>, address: std::net::SocketAddr, which: usize) {
    let mut kept = TcpStream::connect(address).await.unwrap();
    for number in (which..REQUESTS).step_by(CLIENTS) {
        truth.sent.fetch_add(1, Ordering::AcqRel);
        match (number / CLIENTS) % 10 {
            0 => {
                let path = format!("/api/v1/never/{number}");
                let socket = send(TcpStream::connect(address).await.unwrap(), &path).await;
                truth.gates[number].notified().await;
                drop(socket);
            }
            1 => {
                let socket = TcpStream::connect(address).await.unwrap();
                let mut socket = send(socket, "/api/v1/endless").await;
                read_hello(&mut socket).await;
                drop(socket);
            }
            _ => {
                kept = send(kept, "/api/v1/whole").await;
                read_hello(&mut kept).await;
                truth.over.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
}

async fn send(mut socket: TcpStream, path: &str) -> TcpStream {
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

/// Reads up to the word that every body begins with.
async fn read_hello(socket: &mut TcpStream) {
    let (mut read, mut chunk) = (Vec::new(), [0; 512]);
    while !read.windows(5).any(|window| window == b"hello") {
        let bytes = socket.read(&mut chunk).await.unwrap();
        assert!(bytes > 0, "the server hung up");
        read.extend_from_slice(&chunk[..bytes]);
    }
}

fn sum(snapshot: &Snapshot, family: &str, labels: &[(&str, &str)]) -> f64 {
    snapshot.sum(&format!("novacron_api_{family}"), labels)
}

/// One scrape, held against what both ends knew before and after it.
fn scrape(rig: &Rig, truth: &Truth) {
    let entered = truth.entered.load(Ordering::Acquire) as f64;
    let over = truth.over.load(Ordering::Acquire) as f64;
    let snapshot = rig.snapshot();
    let sent = truth.sent.load(Ordering::Acquire) as f64;
    let in_flight = sum(&snapshot, "requests_in_flight", &[]);
    let counted = sum(&snapshot, "requests_total", &[]);
    assert!(
        (0.0..=sent - over).contains(&in_flight),
        "0 <= {in_flight} <= {sent} - {over}"
    );
    assert!(
        (over..=sent).contains(&counted),
        "{over} <= {counted} <= {sent}"
    );
    // What began is going on or has ended; in flight is read first, so nothing is missed.
    assert!(
        counted + in_flight >= entered,
        "{counted} + {in_flight} >= {entered}"
    );
    let left = sum(&snapshot, "client_disconnects_total", &[]);
    assert!(left <= (REQUESTS / 5) as f64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_clients_that_leave_are_told_from_eight_thousand_that_stay() {
    let rig = Arc::new(Rig::new());
    let truth = Arc::new(Truth {
        sent: AtomicU64::new(0),
        entered: AtomicU64::new(0),
        over: AtomicU64::new(0),
        gates: (0..REQUESTS).map(|_| Notify::new()).collect(),
    });
    let routes = ["/api/v1/whole", "/api/v1/never/{number}", "/api/v1/endless"];
    let layer = HttpLayer::new(rig.recorder.clone());
    let layer = layer
        .routes(routes.map(|route| (Method::Get, route)))
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app(&truth).layer(layer);
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let stop = Arc::new(AtomicBool::new(false));
    let scraper = thread::spawn({
        let (rig, truth, stop) = (Arc::clone(&rig), Arc::clone(&truth), Arc::clone(&stop));
        move || {
            let mut scrapes = 0;
            while !stop.load(Ordering::Acquire) {
                scrape(&rig, &truth);
                scrapes += 1;
                thread::sleep(Duration::from_millis(1));
            }
            scrapes
        }
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|which| tokio::spawn(client(Arc::clone(&truth), address, which)))
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let rest = async {
        while truth.over.load(Ordering::Acquire) < REQUESTS as u64 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), rest)
        .await
        .expect("the server notices who left");
    stop.store(true, Ordering::Release);
    let scrapes = scraper.join().expect("every scrape came out even");
    assert!(
        scrapes > 10,
        "{scrapes} scrapes are too few to show anything"
    );

    let snapshot = rig.snapshot();
    let counted = |status: &str, endpoint: &str| {
        sum(
            &snapshot,
            "requests_total",
            &[("status", status), ("endpoint", endpoint)],
        )
    };
    assert_eq!(counted("200", "/api/v1/whole"), 8_000.0);
    assert_eq!(counted("499", "/api/v1/never/{number}"), 1_000.0);
    assert_eq!(counted("499", "/api/v1/endless"), 1_000.0);
    for (family, expected) in [
        ("requests_total", 10_000.0),
        ("requests_in_flight", 0.0),
        ("client_disconnects_total", 2_000.0),
        ("errors_total", 2_000.0),
        // All but those without a head.
        ("request_duration_seconds", 9_000.0),
        ("response_complete_seconds", 9_000.0),
        ("panics_total", 0.0),
        ("timeouts_total", 0.0),
    ] {
        assert_eq!(sum(&snapshot, family, &[]), expected, "{family}");
    }
    server.abort();
}

/// Sends this many requests that no two are alike, by strangers' methods to strangers' paths.
fn strange(layer: &HttpLayer, requests: usize) {
    let mut service = layer.layer(answer(404, known([])));
    for number in 0..requests {
        let request = request(&format!("M{number}"), &format!("/stranger/{number}"));
        assert!(poll_once(pin!(service.call(request))).is_ready());
    }
}

#[test]
fn paths_and_methods_that_strangers_make_up_stay_within_the_caps() {
    const STRANGERS: usize = 100_000;
    const COUNTED: &str = "novacron_api_requests_total";
    let rig = Rig::new();
    strange(&rig.layer(), STRANGERS);
    let labels = [
        ("method", "OTHER"),
        ("endpoint", "UNMATCHED"),
        ("status", "404"),
    ];
    assert_eq!(
        rig.snapshot().value(COUNTED, &labels),
        Some(STRANGERS as f64)
    );
    assert_eq!(rig.snapshot().series(COUNTED).len(), 1);

    // And where the host hands out paths for templates.
    let rig = Rig::new();
    let careless = HttpLayer::new(rig.recorder.clone());
    let careless = careless.endpoint_with(|view| Some(view.uri.path()));
    strange(&careless, 1_000);
    let (before, series) = (
        rig.registry.heap_bytes(),
        rig.snapshot().series(COUNTED).len(),
    );
    assert_eq!(series, 201, "the cap, and one for all others");
    strange(&careless, STRANGERS);
    assert_eq!(rig.snapshot().series(COUNTED).len(), series);
    assert_eq!(rig.snapshot().sum(COUNTED, &[]), (STRANGERS + 1_000) as f64);
    assert_eq!(
        rig.snapshot()
            .sum("novacron_api_request_duration_seconds", &[]),
        (STRANGERS + 1_000) as f64
    );
    let grown = rig.registry.heap_bytes().saturating_sub(before);
    assert!(grown <= 1 << 20, "the registry grew by {grown} bytes");
}
