//! The client layers: each way that a call to another service ends, and once only.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use novacron_telemetry::layer::client::{GrpcClientLayer, HttpClientLayer};
use tonic::service::Routes;
use tonic::transport::Server;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::script::{Raw, Scripts, UNARY};
use super::world::{Side, World, answer, declared, request, trailers};

type Call = Request<Full<Bytes>>;

fn get() -> Call {
    Request::get("http://billing/invoices")
        .body(Full::default())
        .unwrap()
}

fn calls(side: &Side, status: &str) -> u64 {
    let labels = [("service", "billing"), ("status", status)];
    let calls = side
        .snapshot()
        .value("novacron_external_calls_total", &labels);
    calls.expect("shown from the start") as u64
}

fn times(side: &Side) -> u64 {
    let calls = side.snapshot();
    calls.sum("novacron_external_call_duration_seconds", &[]) as u64
}

fn layer(side: &Side) -> HttpClientLayer {
    HttpClientLayer::new(side.recorder.clone(), "billing")
}

#[track_caller]
fn counted(side: &Side, success: u64, error: u64) {
    assert_eq!(
        (calls(side, "success"), calls(side, "error")),
        (success, error)
    );
    assert_eq!(times(side), success + error);
}

/// A body that goes on after its first bytes, or breaks.
fn body(breaks: bool) -> impl http_body::Body<Data = Bytes, Error = &'static str> + Unpin {
    let first = stream::iter([Ok(Frame::data(Bytes::from_static(b"{")))]);
    let then = stream::poll_fn(move |_| match breaks {
        true => Poll::Ready(Some(Err("broken"))),
        false => Poll::Pending,
    });
    StreamBody::new(futures_util::StreamExt::chain(first, then))
}

#[tokio::test]
async fn a_real_server_s_answers_are_successes_and_errors() {
    let router = axum::Router::new().route("/here", axum::routing::get(async || "hello"));
    let world = World::new(Server::builder(), Routes::from(router), declared).await;
    let mut client = layer(&world.client).layer(world.channel().await);
    counted(&world.client, 0, 0);
    for (path, status) in [("/here", 200), ("/nowhere", 404)] {
        let call = Request::get(path).body(tonic::body::Body::empty()).unwrap();
        let answer = client.ready().await.unwrap().call(call).await.unwrap();
        assert_eq!(answer.status(), status);
        answer.into_body().collect().await.unwrap();
    }
    counted(&world.client, 1, 1);
}

#[tokio::test]
async fn every_end_is_counted_once() {
    // Refused, and not reached.
    let side = Side::new();
    for status in [200_u16, 204, 302, 400, 404, 500, 503] {
        let answers = service_fn(async |_: Call| {
            let answer = Response::builder().status(status);
            Ok::<_, Infallible>(answer.body(Full::<Bytes>::from("{}")).unwrap())
        });
        let answer = layer(&side).layer(answers).call(get()).await.unwrap();
        answer.into_body().collect().await.unwrap();
    }
    counted(&side, 3, 4);
    let fails = service_fn(async |_: Call| Err::<Response<Full<Bytes>>, _>("no route to host"));
    let end = layer(&side).layer(fails).call(get()).await;
    assert_eq!(end.unwrap_err(), "no route to host");
    counted(&side, 3, 5);

    // Dropped before there is an answer, and inside of one.
    let side = Side::new();
    let mut hangs = layer(&side).layer(service_fn(async |_: Call| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    }));
    drop(hangs.call(get()));
    counted(&side, 0, 1);
    let streams = service_fn(async |_: Call| Ok::<_, Infallible>(Response::new(body(false))));
    let mut answer = layer(&side).layer(streams).call(get()).await.unwrap();
    answer.body_mut().frame().await.unwrap().unwrap();
    counted(&side, 0, 1);
    drop(answer);
    counted(&side, 1, 1);

    // Broken inside.
    let side = Side::new();
    let breaks = service_fn(async |_: Call| Ok::<_, Infallible>(Response::new(body(true))));
    let answer = layer(&side).layer(breaks).call(get()).await.unwrap();
    assert!(answer.into_body().collect().await.is_err());
    counted(&side, 0, 1);
}

#[tokio::test]
async fn the_latency_of_a_download_is_the_time_to_its_head() {
    let side = Side::new();
    let streams = service_fn(async |_: Call| Ok::<_, Infallible>(Response::new(body(false))));
    let answer = layer(&side).layer(streams).call(get()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    drop(answer);
    let text = side.registry.render();
    let fast = "external_call_duration_seconds_bucket{service=\"billing\",le=\"0.5\"} 1";
    assert!(text.contains(fast), "{text}");
}

#[tokio::test]
async fn a_service_over_grpc_that_is_no_provider_is_an_outside_service() {
    let world = World::of_scripts().await;
    let layer = GrpcClientLayer::service(world.client.recorder.clone(), "billing");
    let mut grpc = tonic::client::Grpc::new(layer.layer(world.channel().await));
    for (script, code) in [
        ("1 10 ok", tonic::Code::Ok),
        ("1 10 fail", tonic::Code::NotFound),
    ] {
        grpc.ready().await.unwrap();
        let mut call = tonic::Request::new(vec![1; 3]);
        call.metadata_mut()
            .insert("script", script.parse().unwrap());
        let path = http::uri::PathAndQuery::from_static(UNARY);
        let end = grpc.unary(call, path, Raw).await;
        assert_eq!(
            end.map_or_else(|status| status.code(), |_| tonic::Code::Ok),
            code
        );
    }
    counted(&world.client, 1, 1);
    assert_eq!(
        world
            .client
            .snapshot()
            .sum("novacron_provider_rpc_requests_total", &[]),
        0.0
    );
}

#[tokio::test]
async fn a_channel_s_own_limit_is_known_if_somebody_told_of_it() {
    let limit = Duration::from_millis(200);
    for (told, code) in [(true, "DEADLINE_EXCEEDED"), (false, "UNAVAILABLE")] {
        let routes = Routes::new(Scripts { compresses: false });
        let world = World::new(Server::builder(), routes, declared).await;
        let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", world.address));
        let channel = endpoint.unwrap().timeout(limit).connect().await.unwrap();
        let mock = novacron_telemetry::catalog::ProviderType::Mock;
        let mut layer = GrpcClientLayer::provider(world.client.recorder.clone(), mock);
        if told {
            layer = layer.timeout(limit);
        }
        let mut grpc = tonic::client::Grpc::new(layer.layer(channel));
        grpc.ready().await.unwrap();
        let mut call = tonic::Request::new(vec![1; 3]);
        call.metadata_mut()
            .insert("script", "1 10 hang".parse().unwrap());
        let path = http::uri::PathAndQuery::from_static(UNARY);
        assert!(grpc.unary(call, path, Raw).await.is_err());
        assert_eq!(
            world.client.provider("Unary", code),
            1,
            "{}",
            world.client.counted()
        );
    }
}

#[test]
fn a_method_that_no_path_names_is_unmatched_and_a_panic_is_internal() {
    let side = Side::new();
    let mock = novacron_telemetry::catalog::ProviderType::Mock;
    let layer = GrpcClientLayer::provider(side.recorder.clone(), mock);
    let mut fine = layer.layer(service_fn(async |_: Request<Full<Bytes>>| {
        let body = Full::<Bytes>::default().with_trailers(async { Some(Ok(trailers("0"))) });
        Ok::<_, Infallible>(answer().body(body).unwrap())
    }));
    let context = &mut Context::from_waker(Waker::noop());
    let odd = request("/odd", Full::default());
    let Poll::Ready(Ok(answer)) = pin!(fine.call(odd)).poll(context) else {
        panic!("it is ready");
    };
    let read = pin!(answer.into_body().collect()).poll(context);
    assert!(read.is_ready());
    assert_eq!(side.provider("UNMATCHED", "OK"), 1);

    let mut panics = layer.layer(service_fn(async |_: Request<Full<Bytes>>| {
        if true {
            panic!("on purpose");
        }
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    }));
    let mut call = pin!(panics.call(request("/a.B/C", Full::default())));
    let poll = std::panic::AssertUnwindSafe(|| call.as_mut().poll(context).is_ready());
    assert!(std::panic::catch_unwind(poll).is_err());
    assert_eq!(side.provider("C", "INTERNAL"), 1);
}
