//! Answers and requests that tonic would not make, over the connections that it makes.

use std::sync::{Arc, Mutex};

use axum::body::Body as Answer;
use bytes::{Buf, Bytes};
use futures_util::stream;
use http::uri::PathAndQuery;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use novacron_telemetry::layer::grpc::GrpcLayer;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::transport::Server;
use tower::{Service, ServiceExt};

use super::script::{BOTH, DOWN, Raw, Scripts, UNARY};
use super::world::{Client, Side, World, answer, declared, message, request, trailers};

const RAW: &str = "/raw.Raw/Call";

/// A body of these frames, and these trailers if any.
fn body(frames: Vec<Vec<u8>>, status: Option<&'static str>) -> Answer {
    let frames = frames
        .into_iter()
        .map(|data| Frame::data(Bytes::from(data)));
    let trailers = status.map(|status| Frame::trailers(trailers(status)));
    let frames: Vec<_> = frames.chain(trailers).map(Ok::<_, tonic::Status>).collect();
    Answer::new(StreamBody::new(stream::iter(frames)))
}

/// One byte in each frame.
fn crumbs(messages: &[usize]) -> Vec<Vec<u8>> {
    let bytes = messages.iter().flat_map(|size| message(*size));
    bytes.map(|byte| vec![byte]).collect()
}

/// Breaks after one message.
fn broken() -> Answer {
    let frames = [
        Ok(Frame::data(Bytes::from(message(4)))),
        Err(tonic::Status::aborted("broken")),
    ];
    Answer::new(StreamBody::new(stream::iter(frames)))
}

fn http(status: u16) -> Response<Answer> {
    let answer = Response::builder().status(status);
    answer.body(Answer::from("a page")).unwrap()
}

/// An answer, its code, and its messages and their bytes.
type Row = (&'static str, Response<Answer>, &'static str, (u64, u64));

fn answers() -> Vec<Row> {
    let with = |body| answer().body(body).unwrap();
    let head = |status: &str| {
        let answer = answer().header("grpc-status", status);
        answer.body(Answer::empty()).unwrap()
    };
    let after = |status| with(body(vec![message(4)], Some(status)));
    let endless = |length: u32| {
        let mut bytes = message(4);
        bytes.push(0);
        bytes.extend(length.to_be_bytes());
        bytes.extend([7; 10]);
        with(body(vec![bytes], Some("0")))
    };
    let cut = [&message(1)[..], &message(0), &message(5)[..7]].concat();
    vec![
        ("trailers", after("0"), "OK", (1, 4)),
        ("an error in trailers", after("5"), "NOT_FOUND", (1, 4)),
        (
            "the last code there is",
            after("16"),
            "UNAUTHENTICATED",
            (1, 4),
        ),
        ("no such code", after("17"), "UNKNOWN", (1, 4)),
        ("no number", after("fine"), "UNKNOWN", (1, 4)),
        ("trailers only", head("7"), "PERMISSION_DENIED", (0, 0)),
        ("trailers only, no number", head("-7"), "UNKNOWN", (0, 0)),
        (
            "no status",
            with(body(vec![message(4)], None)),
            "UNKNOWN",
            (1, 4),
        ),
        (
            "no status, no message",
            with(body(vec![], None)),
            "UNKNOWN",
            (0, 0),
        ),
        (
            "no status, no body",
            with(Answer::empty()),
            "UNKNOWN",
            (0, 0),
        ),
        ("400", http(400), "INTERNAL", (0, 0)),
        ("401", http(401), "UNAUTHENTICATED", (0, 0)),
        ("403", http(403), "PERMISSION_DENIED", (0, 0)),
        ("404", http(404), "UNIMPLEMENTED", (0, 0)),
        ("429", http(429), "UNAVAILABLE", (0, 0)),
        ("500", http(500), "UNKNOWN", (0, 0)),
        ("502", http(502), "UNAVAILABLE", (0, 0)),
        ("503", http(503), "UNAVAILABLE", (0, 0)),
        ("504", http(504), "UNAVAILABLE", (0, 0)),
        ("a page, and 200", http(200), "UNKNOWN", (0, 0)),
        (
            "crumbs",
            with(body(crumbs(&[3, 0, 300]), Some("0"))),
            "OK",
            (3, 303),
        ),
        (
            "lumps",
            with(body(
                vec![[message(3), message(0), message(9)].concat()],
                Some("0"),
            )),
            "OK",
            (3, 12),
        ),
        (
            "nothing in frames",
            with(body(vec![vec![], message(3), vec![]], Some("0"))),
            "OK",
            (1, 3),
        ),
        (
            "a message that is cut",
            with(body(vec![cut], Some("0"))),
            "OK",
            (2, 1),
        ),
        ("a length that never comes", endless(1 << 20), "OK", (1, 4)),
        ("the longest length", endless(u32::MAX), "OK", (1, 4)),
    ]
}

/// Reads an answer to its end.
async fn read(mut client: Client, request: Request<Body>) -> Result<Bytes, tonic::Status> {
    let answer = client.ready().await.unwrap().call(request).await;
    let answer = answer.map_err(|error| tonic::Status::from_error(error.into()))?;
    Ok(answer.into_body().collect().await?.to_bytes())
}

fn raw(side: &Side) -> GrpcLayer {
    GrpcLayer::new(side.recorder.clone()).unary([RAW]).unwrap()
}

/// A world whose only method answers so.
async fn world_of(answer: Response<Answer>) -> World {
    let answer = Arc::new(Mutex::new(Some(answer)));
    let take = async move || answer.lock().unwrap().take().expect("one call");
    let router = axum::Router::new().route(RAW, axum::routing::post(take));
    World::new(Server::builder(), Routes::from(router), raw).await
}

#[tokio::test]
async fn every_answer_has_the_code_that_it_says_or_that_stands_for_its_silence() {
    for (name, answer, code, sent) in answers() {
        println!("{name}");
        let world = world_of(answer).await;
        let call = request(RAW, Body::new(http_body_util::Full::from(message(3))));
        read(world.client().await, call).await.unwrap();
        world.server.at_rest(1).await;
        let counted = world.server.counted();
        assert_eq!(
            world.server.calls("raw.Raw", "Call", code),
            1,
            "{name}:\n{counted}"
        );
        let seen = (
            world.server.grpc("sent_messages_total"),
            world.server.grpc("sent_bytes_total"),
        );
        assert_eq!(seen, sent, "{name}:\n{counted}");
        let counted = world.client.counted();
        assert_eq!(world.client.provider("Call", code), 1, "{name}:\n{counted}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_is_an_error_of_the_server_and_of_the_way_to_the_client() {
    let world = world_of(answer().body(broken()).unwrap()).await;
    let call = request(RAW, Body::empty());
    assert!(read(world.client().await, call).await.is_err());
    world.server.at_rest(1).await;
    assert_eq!(world.server.calls("raw.Raw", "Call", "INTERNAL"), 1);
    assert_eq!(world.client.provider("Call", "UNAVAILABLE"), 1);
}

#[tokio::test]
async fn requests_are_counted_however_their_bytes_are_cut() {
    let endless = [&message(2)[..], &[0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]].concat();
    for (name, frames, received) in [
        ("crumbs", crumbs(&[3, 0, 300]), (3, 303)),
        (
            "lumps",
            vec![[message(3), message(0), message(9)].concat()],
            (3, 12),
        ),
        ("cut", vec![message(9)[..7].to_vec()], (0, 0)),
        ("a hostile length", vec![endless], (1, 2)),
    ] {
        let world = World::of_scripts().await;
        let mut call = request(BOTH, Body::new(body(frames, None)));
        call.headers_mut()
            .insert("script", "0 0 ok".parse().unwrap());
        let _ = read(world.client().await, call).await;
        world.server.at_rest(1).await;
        let seen = (
            world.server.grpc("received_messages_total"),
            world.server.grpc("received_bytes_total"),
        );
        assert_eq!(seen, received, "{name}:\n{}", world.server.counted());
    }
}

/// What went by, in both directions, read by somebody who keeps it all.
#[derive(Clone, Default)]
struct Tap(Arc<Mutex<[Vec<u8>; 2]>>);

impl Tap {
    fn on<B>(&self, way: usize, body: B) -> Body
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let kept = self.clone();
        Body::new(body.map_frame(move |frame| {
            if let Some(data) = frame.data_ref() {
                kept.0.lock().unwrap()[way].extend(data);
            }
            frame
        }))
    }

    /// Messages and their bytes.
    fn seen(&self, way: usize) -> (u64, u64) {
        let kept = self.0.lock().unwrap();
        let (mut rest, mut messages, mut bytes) = (&kept[way][..], 0, 0);
        while !rest.is_empty() {
            rest.get_u8();
            let length = rest.get_u32();
            rest.advance(length as usize);
            messages += 1;
            bytes += u64::from(length);
        }
        (messages, bytes)
    }
}

#[tokio::test]
async fn compressed_messages_have_the_size_that_they_have_on_the_wire() {
    let scripts = Scripts { compresses: true };
    let world = World::new(Server::builder(), Routes::new(scripts), declared).await;
    let (tap, client) = (Tap::default(), world.client().await);
    let (kept, channel) = (tap.clone(), client);
    let tapped = tower::service_fn(move |request: Request<Body>| {
        let (tap, mut channel) = (kept.clone(), channel.clone());
        async move {
            let request = request.map(|body| tap.on(0, body));
            let answer = channel.ready().await?.call(request).await?;
            Ok::<_, tonic::transport::Error>(answer.map(|body| tap.on(1, body)))
        }
    });
    let mut grpc = Grpc::new(tapped)
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let mut call = tonic::Request::new(vec![1; 50_000]);
    call.metadata_mut()
        .insert("script", "3 40000 ok".parse().unwrap());
    let path = PathAndQuery::from_static(DOWN);
    let answer = grpc.server_streaming(call, path, Raw).await.unwrap();
    let mut answer = answer.into_inner();
    while let Some(message) = answer.message().await.unwrap() {
        assert_eq!(message.len(), 40_000);
    }
    world.server.at_rest(1).await;
    let ((messages, bytes), sent) = (tap.seen(0), tap.seen(1));
    assert!(messages == 1 && bytes < 5_000, "compressed: {bytes} bytes");
    assert!(sent.0 == 3 && sent.1 < 5_000, "compressed: {sent:?}");
    let counted = |way: &str| {
        let count = |what: &str| world.server.grpc(&format!("{way}_{what}_total"));
        (count("messages"), count("bytes"))
    };
    assert_eq!(counted("received"), (messages, bytes));
    assert_eq!(counted("sent"), sent);
}

#[tokio::test]
async fn what_is_not_grpc_passes_uncounted() {
    let router = axum::Router::new().fallback(async |body: Bytes| body);
    let world = World::new(Server::builder(), Routes::from(router), raw).await;
    for kind in [
        "application/json",
        "application/grpc-web",
        "application/grpc-web+proto",
    ] {
        let call = Request::post(RAW).header("content-type", kind);
        let call = call
            .body(Body::new(http_body_util::Full::from("hello")))
            .unwrap();
        let text = read(world.client().await, call).await.unwrap();
        assert_eq!(text, "hello", "{kind}");
    }
    let grpc = request(RAW, Body::empty());
    read(world.client().await, grpc).await.unwrap();
    world.server.at_rest(1).await;
}

#[tokio::test]
async fn a_server_that_dies_ends_its_calls_and_those_of_its_clients() {
    let elsewhere = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let world = elsewhere.spawn(World::of_scripts()).await.unwrap();
    let mut grpc = Grpc::new(world.client().await);
    grpc.ready().await.unwrap();
    let mut call = tonic::Request::new(vec![1]);
    call.metadata_mut()
        .insert("script", "2 10 hang".parse().unwrap());
    let path = PathAndQuery::from_static(DOWN);
    let answer = grpc.server_streaming(call, path, Raw).await.unwrap();
    let mut answer = answer.into_inner();
    for _ in 0..2 {
        answer.message().await.unwrap().unwrap();
    }
    elsewhere.shutdown_background();
    assert!(answer.message().await.is_err());
    drop(answer);
    world.server.at_rest(1).await;
    // Nobody ended the call but the end of the server: its answer was dropped.
    assert_eq!(world.server.calls("test.Scripts", "Down", "CANCELLED"), 1);
    assert_eq!(world.client.provider("Down", "UNAVAILABLE"), 1);
    // And a call to a server that is gone never begins there.
    grpc.ready().await.unwrap();
    let call = tonic::Request::new(vec![1]);
    let path = PathAndQuery::from_static(UNARY);
    let refused = grpc.unary(call, path, Raw).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::Unavailable);
    assert_eq!(world.client.provider("Unary", "UNAVAILABLE"), 1);
    assert_eq!(world.server.grpc("requests_total"), 1);
}

#[tokio::test]
async fn the_layer_stands_inside_of_a_router_as_well() {
    let side = Side::new();
    let take = async || answer().body(body(vec![message(4)], Some("0"))).unwrap();
    let router = axum::Router::new().route(RAW, axum::routing::post(take));
    let router = router.layer(raw(&side));
    // The layer around the server counts for a registry of its own.
    let world = World::new(Server::builder(), Routes::from(router), raw).await;
    let call = request(RAW, Body::new(http_body_util::Full::from(message(3))));
    read(world.client().await, call).await.unwrap();
    world.server.at_rest(1).await;
    side.at_rest(1).await;
    assert_eq!(side.calls("raw.Raw", "Call", "OK"), 1);
    assert_eq!(world.server.calls("raw.Raw", "Call", "OK"), 1);
}
