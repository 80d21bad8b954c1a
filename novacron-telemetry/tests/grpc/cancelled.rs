//! A thousand streams that are dropped in the middle.

use futures_util::stream::{self, StreamExt};
use tonic::Streaming;
use tonic::client::Grpc;

use super::script::{BOTH, DOWN, Raw};
use super::world::{Client, World};

const CONNECTIONS: usize = 10;
const STREAMS: usize = 100;
const ALL: u64 = (CONNECTIONS * STREAMS) as u64;

/// A stream that is open: the client got two messages, and there will be no more.
async fn open(client: Client, path: &'static str) -> Streaming<Vec<u8>> {
    let mut grpc = Grpc::new(client);
    grpc.ready().await.unwrap();
    let messages = match path {
        DOWN => vec![vec![1; 3]],
        _ => vec![vec![1; 10], vec![1; 10]],
    };
    let mut request = tonic::Request::new(stream::iter(messages));
    let script = "2 10 hang".parse().unwrap();
    request.metadata_mut().insert("script", script);
    let path = http::uri::PathAndQuery::from_static(path);
    let answer = grpc.streaming(request, path, Raw).await.unwrap();
    let mut answer = answer.into_inner();
    for _ in 0..2 {
        assert_eq!(answer.message().await.unwrap().unwrap().len(), 10);
    }
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_are_dropped_and_each_is_counted_once() {
    let world = World::of_scripts().await;
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = world.client().await;
        let opening = (0..STREAMS).map(|n| open(client.clone(), [DOWN, BOTH][n % 2]));
        let opened: Vec<_> = stream::iter(opening).buffer_unordered(20).collect().await;
        streams.extend(opened);
    }
    assert_eq!(world.server.grpc("requests_in_flight"), ALL);
    assert_eq!(world.server.grpc("requests_total"), 0);
    // Messages are counted as they pass, not when the stream is over.
    assert_eq!(world.server.grpc("sent_messages_total"), 2 * ALL);
    assert_eq!(world.server.grpc("sent_bytes_total"), 20 * ALL);

    // From several tasks at once, as clients leave.
    let mut leaving = Vec::new();
    while !streams.is_empty() {
        let some: Vec<_> = streams.drain(..streams.len().min(250)).collect();
        leaving.push(tokio::spawn(async move { drop(some) }));
    }
    for task in leaving {
        task.await.unwrap();
    }
    world.server.at_rest(ALL).await;
    for method in ["Down", "Both"] {
        let cancelled = world.server.calls("test.Scripts", method, "CANCELLED");
        assert_eq!(cancelled, ALL / 2, "{method}");
        assert_eq!(world.client.provider(method, "CANCELLED"), ALL / 2);
    }
    assert_eq!(world.server.grpc("stream_duration_seconds"), ALL);
    assert_eq!(world.server.grpc("request_duration_seconds"), 0);
    assert_eq!(world.server.grpc("sent_messages_total"), 2 * ALL);
    assert_eq!(world.server.grpc("received_messages_total"), ALL / 2 * 3);
}
