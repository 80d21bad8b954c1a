//! Which calls have a name, and what of a call shows that it is a stream.

use std::convert::Infallible;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use novacron_telemetry::layer::grpc::{CountedRequest, GrpcLayer};
use tonic::client::Grpc;
use tonic::service::Routes;
use tonic::transport::Server;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::script::{BOTH, DOWN, Raw, Scripts, UNARY};
use super::world::{Side, World, answer, message, request, trailers};

const UNMATCHED: (&str, &str) = ("UNMATCHED", "UNMATCHED");

fn undeclared(side: &Side) -> GrpcLayer {
    GrpcLayer::new(side.recorder.clone())
}

async fn world() -> World {
    let routes = Routes::new(Scripts { compresses: false });
    World::new(Server::builder(), routes, undeclared).await
}

/// A call by these messages; how many came back before its end.
async fn call(world: &World, path: &'static str, script: &str, messages: usize) -> usize {
    let mut grpc = Grpc::new(world.channel().await);
    grpc.ready().await.unwrap();
    let messages = futures_util::stream::iter(vec![vec![1; 3]; messages]);
    let mut request = tonic::Request::new(messages);
    request
        .metadata_mut()
        .insert("script", script.parse().unwrap());
    let path = PathAndQuery::from_static(path);
    let Ok(answer) = grpc.streaming(request, path, Raw).await else {
        return 0;
    };
    let (mut answer, mut count) = (answer.into_inner(), 0);
    while let Ok(Some(_)) = answer.message().await {
        count += 1;
    }
    count
}

#[tokio::test]
async fn a_method_has_a_name_once_its_handler_answered() {
    let world = world().await;
    let server = &world.server;
    call(&world, UNARY, "1 10 fail", 1).await;
    server.at_rest(1).await;
    assert_eq!(server.calls(UNMATCHED.0, UNMATCHED.1, "NOT_FOUND"), 1);
    call(&world, UNARY, "1 10 ok", 1).await;
    server.at_rest(2).await;
    assert_eq!(server.calls("test.Scripts", "Unary", "OK"), 1);
    // The messages of that call belong to it, though they came before its name.
    let of_unary = [("service", "test.Scripts"), ("method", "Unary")];
    let received = server.snapshot();
    let received = |family| received.value(family, &of_unary);
    assert_eq!(received("novacron_grpc_received_messages_total"), Some(1.0));
    assert_eq!(received("novacron_grpc_received_bytes_total"), Some(3.0));
    // From now on errors have its name too.
    call(&world, UNARY, "1 10 fail", 1).await;
    server.at_rest(3).await;
    assert_eq!(server.calls("test.Scripts", "Unary", "NOT_FOUND"), 1);
    assert_eq!(server.calls(UNMATCHED.0, UNMATCHED.1, "NOT_FOUND"), 1);
}

#[tokio::test]
async fn a_stream_has_its_name_from_its_first_message_on() {
    let world = world().await;
    let client = call(&world, BOTH, "0 0 hang", 2);
    let named = [("service", "test.Scripts"), ("method", "Both")];
    let passed = world.server.until("passed by name", |server| {
        let passed = server.snapshot();
        let passed = |family| passed.value(family, &named) == Some(2.0);
        passed("novacron_grpc_received_messages_total")
            && passed("novacron_grpc_sent_messages_total")
    });
    tokio::select! {
        count = client => panic!("ended after {count}"),
        () = passed => {}
    }
    world.server.at_rest(1).await;
    assert_eq!(world.server.calls("test.Scripts", "Both", "CANCELLED"), 1);
}

#[tokio::test]
async fn paths_that_name_nothing_have_no_name() {
    let world = world().await;
    let mut channel = world.channel().await;
    let paths = [
        "/",
        "/nothing",
        "/test.Scripts",
        "/test.Scripts/",
        "/test.Scripts/Invented",
        "/test.Scripts/Unary/more",
        "//Unary",
        "/other.Service/Unary",
        "/a/b/c/d",
    ];
    for path in paths {
        let call = request(path, tonic::body::Body::empty());
        let answer = channel.ready().await.unwrap().call(call).await.unwrap();
        answer.into_body().collect().await.unwrap();
    }
    let all = paths.len() as u64;
    world.server.at_rest(all).await;
    let unmatched = world
        .server
        .calls(UNMATCHED.0, UNMATCHED.1, "UNIMPLEMENTED");
    assert_eq!(unmatched, all, "{}", world.server.counted());
}

#[tokio::test]
async fn one_stream_of_a_server_shows_what_a_method_is_and_no_client_can() {
    let world = world().await;
    let server = &world.server;
    let times = || {
        let unary = server.grpc("request_duration_seconds");
        (unary, server.grpc("stream_duration_seconds"))
    };
    // One message of a method that nobody declared looks like a unary answer,
    assert_eq!(call(&world, DOWN, "1 10 ok", 1).await, 1);
    server.at_rest(1).await;
    assert_eq!(times(), (1, 0));
    // two do not,
    assert_eq!(call(&world, DOWN, "2 10 ok", 1).await, 2);
    server.at_rest(2).await;
    assert_eq!(times(), (1, 1));
    // and from then on one does not either.
    assert_eq!(call(&world, DOWN, "1 10 ok", 1).await, 1);
    server.at_rest(3).await;
    assert_eq!(times(), (1, 2));
    // A client that sends too much spoils its own call, and no other.
    assert_eq!(call(&world, UNARY, "1 10 ok", 3).await, 1);
    server.at_rest(4).await;
    assert_eq!(times(), (1, 3));
    assert_eq!(call(&world, UNARY, "1 10 ok", 1).await, 1);
    server.at_rest(5).await;
    assert_eq!(times(), (2, 3));
}

#[tokio::test]
async fn an_answer_before_the_end_of_its_request_is_a_stream() {
    let side = Side::new();
    // Whoever drops a request unread waits for no more of it, so its answer is not early.
    let dropping = service_fn(|_: Request<CountedRequest<Full<Bytes>>>| async { fine(()) });
    let keeping = service_fn(|request: Request<CountedRequest<Full<Bytes>>>| async {
        fine(request.into_body())
    });
    let call = || request("/a.B/C", Full::from(message(1)));
    let mut server = undeclared(&side).layer(dropping);
    let answer = server.call(call()).await.unwrap();
    answer.into_body().collect().await.unwrap();
    assert_eq!(side.grpc("request_duration_seconds"), 1);
    let mut server = undeclared(&side).layer(keeping);
    let answer = server.call(call()).await.unwrap();
    answer.into_body().collect().await.unwrap();
    assert_eq!(side.grpc("request_duration_seconds"), 1);
    assert_eq!(side.grpc("stream_duration_seconds"), 1);
}

/// One message, and something that is held until it is sent.
fn fine<T: Send>(
    held: T,
) -> Result<Response<impl http_body::Body<Data = Bytes, Error = Infallible>>, Infallible> {
    let body = Full::<Bytes>::from(message(1)).with_trailers(async move {
        drop(held);
        Some(Ok(trailers("0")))
    });
    Ok(answer().body(body).unwrap())
}

const INVENTED: u64 = 100_000;

/// Calls so many methods that somebody made up, with a message each.
async fn invent<S, B>(count: u64, mut server: S)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body,
{
    for n in 0..count {
        let path = match n % 3 {
            0 => format!("/test.Scripts/Invented{n}"),
            1 => format!("/invented{n}.Service/Unary"),
            _ => format!("/a/{n}/b"),
        };
        let call = request(&path, Full::from(message(1)));
        let answer = server.ready().await.unwrap().call(call).await.unwrap();
        let mut body = std::pin::pin!(answer.into_body());
        while body.frame().await.is_some() {}
    }
}

#[tokio::test]
async fn a_hundred_thousand_invented_paths_make_no_series() {
    let side = Side::new();
    let routes = Routes::new(Scripts { compresses: false });
    let layer = undeclared(&side).unary([UNARY]).unwrap();
    let before = side.snapshot().series("novacron_grpc_requests_total").len();
    invent(INVENTED, layer.layer(routes)).await;
    let after = side.snapshot();
    assert_eq!(before, 0);
    assert_eq!(after.series("novacron_grpc_requests_total").len(), 1);
    assert_eq!(
        side.calls(UNMATCHED.0, UNMATCHED.1, "UNIMPLEMENTED"),
        INVENTED
    );
    let methods = after.series("novacron_grpc_received_messages_total").len();
    assert_eq!(methods, 2, "the declared one, and all others");
    assert_eq!(side.grpc("requests_in_flight"), 0);
}

#[tokio::test]
async fn whoever_is_refused_before_the_handlers_names_nothing() {
    let side = Side::new();
    let gate = service_fn(|_: Request<CountedRequest<Full<Bytes>>>| async {
        let refused = tonic::Status::unauthenticated("who are you?");
        Ok::<_, Infallible>(refused.into_http::<Empty<Bytes>>())
    });
    invent(10_000, undeclared(&side).layer(gate)).await;
    let series = side.snapshot().series("novacron_grpc_requests_total").len();
    assert_eq!(series, 1, "{}", side.counted());
}

#[tokio::test]
async fn a_server_that_answers_everything_stays_within_the_caps() {
    let side = Side::new();
    let yes = service_fn(|_: Request<CountedRequest<Full<Bytes>>>| async {
        let answer = answer().header("grpc-status", "0");
        Ok::<_, Infallible>(answer.body(Empty::<Bytes>::new()).unwrap())
    });
    invent(10_000, undeclared(&side).layer(yes)).await;
    let snapshot = side.snapshot();
    for family in ["requests_total", "received_messages_total"] {
        let series = snapshot.series(&format!("novacron_grpc_{family}")).len();
        assert!((60..=33 * 65).contains(&series), "{family}: {series}");
    }
    let services = snapshot.series("novacron_grpc_requests_in_flight").len();
    assert!(services <= 33, "{services} services");
    // Sums stay true.
    assert_eq!(side.grpc("requests_total"), 10_000);
    assert_eq!(side.grpc("request_duration_seconds"), 10_000);
    assert_eq!(side.grpc("requests_in_flight"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_another_task_reads_are_all_counted() {
    const CALLS: u64 = 400;
    const MESSAGES: usize = 50;
    let side = Side::new();
    // The answer and the request go on in two tasks, on two threads, and nobody waits for anybody:
    // the method may get its name, and the call may end, between any two messages.
    let splits = service_fn(async |request: Request<CountedRequest<Pieces>>| {
        tokio::spawn(async move {
            let mut body = request.into_body();
            while body.frame().await.is_some() {
                tokio::task::yield_now().await;
            }
        });
        tokio::task::yield_now().await;
        fine(())
    });
    let layer = undeclared(&side);
    let calls = (0..CALLS).map(|n| {
        let mut server = layer.layer(splits);
        // A name of its own for every tenth: most of these are learned while they run.
        let call = request(&format!("/a.B/C{}", n / 10), pieces(MESSAGES));
        tokio::spawn(async move {
            let answer = server.call(call).await.unwrap();
            answer.into_body().collect().await.unwrap();
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let all = CALLS * MESSAGES as u64;
    let counted = |side: &Side| {
        let messages = side.grpc("received_messages_total") == all;
        messages && side.grpc("received_bytes_total") == 3 * all
    };
    side.until("counted", counted).await;
    side.at_rest(CALLS).await;
}

type Pieces = http_body_util::StreamBody<
    futures_util::stream::Iter<std::vec::IntoIter<Result<http_body::Frame<Bytes>, Infallible>>>,
>;

/// A body of so many messages, each in a frame of its own.
fn pieces(messages: usize) -> Pieces {
    let data = Bytes::from(message(3));
    let frames = vec![data; messages].into_iter();
    let frames: Vec<_> = frames
        .map(|data| Ok(http_body::Frame::data(data)))
        .collect();
    http_body_util::StreamBody::new(futures_util::stream::iter(frames))
}
