//! What do the gRPC layers add to a call?

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use ::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use axum::body::Bytes;
use http_body::{Body, Frame};
use novacron_telemetry::catalog::ProviderType;
use novacron_telemetry::layer::client::GrpcClientLayer;
use novacron_telemetry::layer::grpc::GrpcLayer;
use novacron_telemetry::registry::Groups;
use tower_layer::Layer as _;
use tower_service::Service;

use super::Case;
use super::http::over_bare;
use crate::measure::{self, Contender, Settings};
use crate::report::{Row, Unit};
use crate::rivals::recorder_of;

const PART: &str = "grpc";

/// The methods that are called in turn.
const METHODS: [&str; 4] = ["Create", "Start", "Stop", "Delete"];

/// The cases on one thread; the first contender is the bare service.
///
/// # Panics
///
/// Never: the methods can be declared.
#[must_use]
pub fn cases() -> Vec<Case> {
    let (recorder, registry) = recorder_of(Groups::GRPC | Groups::PROVIDER);
    let paths = METHODS.map(|method| format!("/bench.Vms/{method}"));
    let layer = GrpcLayer::new(recorder.clone());
    let layer = layer
        .unary(paths.iter().map(String::as_str))
        .expect("good paths");
    let client = GrpcClientLayer::provider(recorder, ProviderType::Libvirt);
    let other = registry.clone();
    let contenders = vec![
        drive("bare", Answers),
        // Handles that outlive their registry record into nothing.
        drive(
            "novacron-telemetry, around the service",
            layer.layer(Answers),
        )
        .tidy(move || {
            std::hint::black_box(&registry);
        }),
        drive("novacron-telemetry, around a client", client.layer(Answers)).tidy(move || {
            std::hint::black_box(&other);
        }),
    ];
    vec![Case {
        part: PART,
        name: String::from("one unary call"),
        contenders,
    }]
}

/// All rows: nanoseconds over the bare service.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    let mut out = Vec::new();
    for mut case in cases() {
        let times: Vec<_> = measure::compare(settings, &mut case.contenders)
            .into_iter()
            .map(|(name, time)| (name, time.best))
            .collect();
        out.extend(over_bare(PART, &case.name, Unit::Nanoseconds, &times));
    }
    out
}

/// Forty bytes, in the frame that gRPC puts around them.
const MESSAGE: &[u8; 45] = b"\0\0\0\0\x28the quick brown fox jumps over a lazy ox";

/// One message, then what is left of it.
struct Message {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Body for Message {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }
}

/// Reads its request and answers it.
#[derive(Clone, Copy, Debug)]
struct Answers;

impl<B: Body + Send + 'static> Service<Request<B>> for Answers {
    type Response = Response<Message>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Message>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        drain(request.into_body());
        let status = (
            HeaderName::from_static("grpc-status"),
            HeaderValue::from_static("0"),
        );
        let mut response = Response::new(Message {
            data: Some(Bytes::from_static(MESSAGE)),
            trailers: Some(HeaderMap::from_iter([status])),
        });
        speaks_grpc(response.headers_mut());
        std::future::ready(Ok(response))
    }
}

fn speaks_grpc(headers: &mut HeaderMap) {
    let kind = HeaderValue::from_static("application/grpc");
    headers.insert(header::CONTENT_TYPE, kind);
}

fn drain(body: impl Body) {
    let mut context = Context::from_waker(Waker::noop());
    let mut body = pin!(body);
    while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut context) {
        drop(frame);
    }
}

fn drive<S, B>(name: &'static str, mut service: S) -> Contender<'static>
where
    S: Service<Request<Message>, Response = Response<B>, Error = Infallible> + 'static,
    B: Body,
{
    let uris = METHODS.map(|method| format!("/bench.Vms/{method}"));
    let uris = uris.map(|path| path.parse::<Uri>().expect("a good path"));
    let mut at = 0;
    Contender::new(name, move |n| {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..n {
            let mut request = Request::new(Message {
                data: Some(Bytes::from_static(MESSAGE)),
                trailers: None,
            });
            *request.uri_mut() = uris[at % uris.len()].clone();
            speaks_grpc(request.headers_mut());
            at += 1;
            let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) else {
                panic!("no call waits");
            };
            drain(response.into_body());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_that_are_measured_count() {
        let (recorder, registry) = recorder_of(Groups::GRPC | Groups::PROVIDER);
        let client = GrpcClientLayer::provider(recorder.clone(), ProviderType::Libvirt);
        drive("client", client.layer(Answers)).run(8);
        drive("layer", GrpcLayer::new(recorder).layer(Answers)).run(8);
        let page = registry.render();
        for line in [
            "novacron_grpc_requests_total{service=\"bench.Vms\",method=\"Stop\",code=\"OK\"} 2",
            "novacron_grpc_received_bytes_total{service=\"bench.Vms\",method=\"Stop\"} 80",
            "novacron_grpc_request_duration_seconds_count{service=\"bench.Vms\",method=\"Stop\"} 2",
            "novacron_provider_rpc_requests_total{provider_type=\"libvirt\",method=\"Stop\",code=\"OK\"} 2",
        ] {
            assert!(page.contains(line), "{line}\n{page}");
        }
    }
}
