//! The gRPC layer around a bare tower service, and the layers around clients.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use http_body::{Body, Frame};
use http_body_util::Full;
use novacron_telemetry::catalog::ProviderType;
use novacron_telemetry::layer::client::{GrpcClientLayer, HttpClientLayer};
use novacron_telemetry::layer::grpc::GrpcLayer;
use tower::{Layer, Service, service_fn};

use super::{allocates_nothing, poll_now, recorder, warm};

const MESSAGE: &[u8] = b"\0\0\0\0\x03abc";

/// What a server sends: messages, and trailers that were made beforehand.
struct Answer {
    messages: usize,
    trailers: Option<HeaderMap>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = if self.messages > 0 {
            self.messages -= 1;
            Some(Frame::data(Bytes::from_static(MESSAGE)))
        } else {
            self.trailers.take().map(Frame::trailers)
        };
        Poll::Ready(frame.map(Ok))
    }
}

/// A map of headers allocates, so each call brings its answer along.
#[derive(Clone)]
struct Script {
    head: HeaderMap,
    trailers: HeaderMap,
    messages: usize,
}

async fn serve<B: Body>(mut request: Request<B>) -> Result<Response<Answer>, Infallible> {
    let script = request.extensions_mut().remove::<Script>().unwrap();
    let mut body = std::pin::pin!(request.into_body());
    while std::future::poll_fn(|cx| body.as_mut().poll_frame(cx))
        .await
        .is_some()
    {}
    let mut response = Response::new(Answer {
        messages: script.messages,
        trailers: Some(script.trailers),
    });
    *response.headers_mut() = script.head;
    Ok(response)
}

fn call(path: &'static str, messages: usize, status: &'static str) -> Request<Full<Bytes>> {
    let kind = HeaderValue::from_static("application/grpc");
    let head = HeaderMap::from_iter([(header::CONTENT_TYPE, kind)]);
    let status = (
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static(status),
    );
    let mut request = Request::new(Full::new(Bytes::from_static(MESSAGE)));
    *request.uri_mut() = http::Uri::from_static(path);
    *request.headers_mut() = head.clone();
    request.extensions_mut().insert(Script {
        head,
        trailers: HeaderMap::from_iter([status]),
        messages,
    });
    request
}

fn run<S, B>(service: &mut S, request: Request<Full<Bytes>>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: Body,
{
    let Ok(response) = poll_now(service.call(request));
    let mut body = std::pin::pin!(response.into_body());
    while poll_now(std::future::poll_fn(|cx| body.as_mut().poll_frame(cx))).is_some() {}
}

/// A call, with layers and without, allocates the same: what it takes to make its headers.
#[track_caller]
fn adds_nothing<S, B>(what: &str, counted: &mut S, call: impl Fn() -> Request<Full<Bytes>>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: Body,
{
    let bare = warm(|| run(&mut service_fn(serve::<Full<Bytes>>), call()));
    let counted = warm(|| run(counted, call()));
    assert!(bare.count_total > 0, "headers are made");
    assert_eq!(counted.count_total, bare.count_total, "{what}");
}

#[test]
fn it_adds_no_allocation_to_a_call() {
    let (_registry, recorder) = recorder();
    let layer = GrpcLayer::new(recorder);
    let layer = layer.unary(["/vm.Manager/Start"]).unwrap();
    let layer = layer.streaming(["/vm.Manager/Watch"]).unwrap();
    let mut server = layer.layer(service_fn(serve));
    for (what, path, messages, status) in [
        ("a unary call", "/vm.Manager/Start", 1, "0"),
        ("an error", "/vm.Manager/Start", 0, "5"),
        ("a stream", "/vm.Manager/Watch", 100, "0"),
        ("a method that was learned", "/vm.Manager/Learned", 1, "0"),
        (
            "a method that does not exist",
            "/vm.Manager/Nothing",
            0,
            "12",
        ),
        ("a path that names nothing", "/nothing", 0, "12"),
    ] {
        adds_nothing(what, &mut server, || call(path, messages, status));
    }
}

#[test]
fn a_call_that_is_dropped_allocates_nothing() {
    let (_registry, recorder) = recorder();
    let layer = GrpcLayer::new(recorder)
        .unary(["/vm.Manager/Start"])
        .unwrap();
    let mut server = layer.layer(service_fn(serve));
    let of_the_call = warm(|| drop(call("/vm.Manager/Start", 1, "0"))).count_total;
    let dropped = warm(|| drop(server.call(call("/vm.Manager/Start", 1, "0")))).count_total;
    assert_eq!(dropped, of_the_call);
}

#[test]
fn what_is_not_grpc_allocates_nothing() {
    let (_registry, recorder) = recorder();
    let echo = async |_: Request<_>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()));
    let mut server = GrpcLayer::new(recorder).layer(service_fn(echo));
    allocates_nothing("a page", || {
        run(
            &mut server,
            Request::new(Full::new(Bytes::from_static(b"hello"))),
        );
    });
}

#[test]
fn clients_add_no_allocation_to_a_call() {
    let (_registry, recorder) = recorder();
    let start = || call("/vm.Manager/Start", 1, "0");
    let provider = GrpcClientLayer::provider(recorder.clone(), ProviderType::Libvirt);
    adds_nothing("provider", &mut provider.layer(service_fn(serve)), start);
    let billing = GrpcClientLayer::service(recorder.clone(), "billing");
    adds_nothing("gRPC", &mut billing.layer(service_fn(serve)), start);
    let billing = HttpClientLayer::new(recorder, "billing");
    adds_nothing("HTTP", &mut billing.layer(service_fn(serve)), start);
}
