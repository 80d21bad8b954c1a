//! The server's layer around services that no server would run: each end at its exact moment.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use novacron_telemetry::ErrorKind;
use novacron_telemetry::expose::Format;
use novacron_telemetry::layer::grpc::{CountedRequest, GrpcLayer};
use novacron_telemetry::record::record_error;
use tower::{Layer, Service, service_fn};

use super::world::{Side, answer, message, request, trailers};

type Counted = Request<CountedRequest<Full<Bytes>>>;

const PATH: &str = "/a.B/C";

fn layer(side: &Side) -> GrpcLayer {
    GrpcLayer::new(side.recorder.clone()).unary([PATH]).unwrap()
}

fn call() -> Request<Full<Bytes>> {
    request(PATH, Full::from(message(3)))
}

fn once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[track_caller]
fn ended(side: &Side, code: &str) {
    let counted = side.counted();
    assert_eq!(side.calls("a.B", "C", code), 1, "{code}:\n{counted}");
    assert_eq!(side.grpc("requests_total"), 1, "counted twice:\n{counted}");
    assert_eq!(side.grpc("requests_in_flight"), 0);
}

/// A body that never ends, after one message.
fn endless() -> impl http_body::Body<Data = Bytes, Error = Infallible> + Unpin {
    let data = Frame::data(Bytes::from(message(4)));
    let frames = stream::iter([Ok(data)]);
    StreamBody::new(futures_util::StreamExt::chain(frames, stream::pending()))
}

#[tokio::test]
async fn a_service_that_fails_did_not_say_why() {
    for (error, code) in [
        ("out of memory", "UNKNOWN"),
        ("request timed out", "DEADLINE_EXCEEDED"),
        ("deadline has elapsed", "DEADLINE_EXCEEDED"),
        ("Timeout expired", "DEADLINE_EXCEEDED"),
    ] {
        let side = Side::new();
        let fails = service_fn(async |_: Counted| Err::<Response<Full<Bytes>>, _>(error));
        let end = layer(&side).layer(fails).call(call()).await;
        assert_eq!(end.unwrap_err(), error, "the error goes on");
        ended(&side, code);
        assert_eq!(
            side.grpc("request_duration_seconds"),
            1,
            "that is an answer"
        );
    }
}

#[test]
fn a_panic_is_an_internal_error_wherever_it_happens() {
    let side = Side::new();
    let mut at_once = layer(&side).layer(service_fn(|_: Counted| {
        if true {
            panic!("on purpose");
        }
        std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
    }));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(at_once.call(call())))).is_err());
    ended(&side, "INTERNAL");

    let side = Side::new();
    let mut later = layer(&side).layer(service_fn(async |_: Counted| {
        if true {
            panic!("on purpose");
        }
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    }));
    let mut polled = pin!(later.call(call()));
    assert!(catch_unwind(AssertUnwindSafe(|| once(polled.as_mut()).is_ready())).is_err());
    ended(&side, "INTERNAL");
    assert_eq!(side.grpc("request_duration_seconds"), 0);
}

#[test]
fn what_is_dropped_was_cancelled_once() {
    // Before it was polled, while it waits, and with a head that nobody reads on from.
    let side = Side::new();
    let mut hangs = layer(&side).layer(service_fn(async |_: Counted| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    }));
    drop(hangs.call(call()));
    ended(&side, "CANCELLED");

    let side = Side::new();
    let mut hangs = layer(&side).layer(service_fn(async |_: Counted| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    }));
    {
        let mut waiting = pin!(hangs.call(call()));
        assert!(once(waiting.as_mut()).is_pending());
        assert_eq!(side.grpc("requests_in_flight"), 1);
    }
    ended(&side, "CANCELLED");

    let side = Side::new();
    let mut streams = layer(&side).layer(service_fn(async |_: Counted| {
        Ok::<_, Infallible>(answer().body(endless()).unwrap())
    }));
    let Poll::Ready(Ok(head)) = once(pin!(streams.call(call()))) else {
        panic!("the head is ready");
    };
    drop(head);
    ended(&side, "CANCELLED");
}

#[test]
fn what_was_said_holds_though_nobody_waits_for_the_rest() {
    let side = Side::new();
    let mut odd = layer(&side).layer(service_fn(async |_: Counted| {
        let head = answer().header("grpc-status", "14");
        Ok::<_, Infallible>(head.body(endless()).unwrap())
    }));
    let Poll::Ready(Ok(head)) = once(pin!(odd.call(call()))) else {
        panic!("the head is ready");
    };
    assert_eq!(side.grpc("requests_in_flight"), 1);
    drop(head);
    ended(&side, "UNAVAILABLE");
}

#[tokio::test]
async fn the_caller_s_time_is_over_or_it_is_not() {
    for (timeout, age, code) in [
        ("20m", 30, "DEADLINE_EXCEEDED"),
        ("1H", 5, "CANCELLED"),
        ("garbage", 5, "CANCELLED"),
    ] {
        let side = Side::new();
        let mut hangs = layer(&side).layer(service_fn(async |_: Counted| {
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
        }));
        let mut call = call();
        let headers = call.headers_mut();
        headers.insert("grpc-timeout", HeaderValue::from_static(timeout));
        let waiting = hangs.call(call);
        let waited = tokio::time::timeout(Duration::from_millis(age), waiting).await;
        assert!(waited.is_err());
        ended(&side, code);
    }
}

#[tokio::test]
async fn no_byte_is_changed() {
    let side = Side::new();
    let echo = service_fn(async |request: Counted| {
        let (head, body) = request.into_parts();
        assert_eq!(head.headers["content-type"], "application/grpc");
        let message = body.collect().await?.to_bytes();
        let body = Full::new(message).with_trailers(async { Some(Ok(trailers("0"))) });
        Ok::<_, Infallible>(answer().header("kept", "yes").body(body).unwrap())
    });
    let answer = layer(&side).layer(echo).call(call()).await.unwrap();
    assert_eq!(answer.headers()["kept"], "yes");
    let whole = answer.into_body().collect().await.unwrap();
    assert_eq!(whole.trailers(), Some(&trailers("0")));
    assert_eq!(whole.to_bytes(), message(3));
    ended(&side, "OK");
}

#[test]
fn a_path_that_names_no_method_cannot_be_declared() {
    for odd in ["a.B/C", "/a.B", "/a.B/", "//C", "/a/b/c", ""] {
        let layer = GrpcLayer::new(Side::new().recorder);
        let refused = layer.streaming([odd]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidConfig, "{odd}");
        assert!(refused.to_string().contains(odd), "{refused}");
    }
}

#[test]
fn a_declared_method_is_shown_before_its_first_call() {
    let side = Side::new();
    drop(layer(&side));
    let snapshot = side.snapshot();
    let method = [("service", "a.B"), ("method", "C")];
    for family in [
        "received_messages_total",
        "sent_messages_total",
        "received_bytes_total",
        "sent_bytes_total",
        "request_duration_seconds",
    ] {
        let value = snapshot.value(&format!("novacron_grpc_{family}"), &method);
        assert_eq!(value, Some(0.0), "{family}");
    }
    let streams = snapshot.value("novacron_grpc_stream_duration_seconds", &method);
    assert_eq!(streams, None, "it was declared unary");
}

#[tokio::test]
async fn verbs_inside_a_handler_write_where_the_layer_does() {
    let side = Side::new();
    let handler = service_fn(async |_: Counted| {
        tokio::task::yield_now().await;
        record_error("Timeout", "manager", "libvirt");
        let answer = answer().header("grpc-status", "0");
        Ok::<_, Infallible>(answer.body(Full::<Bytes>::default()).unwrap())
    });
    layer(&side).layer(handler).call(call()).await.unwrap();
    ended(&side, "OK");
    assert_eq!(side.snapshot().sum("novacron_errors_total", &[]), 1.0);
}

#[tokio::test]
async fn a_call_of_a_sampled_trace_is_an_exemplar() {
    let side = Side::new();
    let handler = service_fn(async |_: Counted| {
        let answer = answer().header("grpc-status", "0");
        Ok::<_, Infallible>(answer.body(Full::<Bytes>::default()).unwrap())
    });
    let mut call = call();
    let ids = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let ids = HeaderValue::from_static(ids);
    call.headers_mut().insert("traceparent", ids);
    layer(&side).layer(handler).call(call).await.unwrap();
    let text = side
        .registry
        .chunks(Format::OpenMetrics)
        .flatten()
        .collect();
    let text = String::from_utf8(text).unwrap();
    let exemplar = "trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"";
    let line =
        |line: &&str| line.starts_with("novacron_grpc_request_duration") && line.contains(exemplar);
    assert!(text.lines().any(|text| line(&text)), "{text}");
}
