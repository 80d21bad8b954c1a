//! What a call served over gRPC writes when it begins, while messages pass, and when it ends.

use super::Recorder;
use super::api::UNMATCHED;
use super::clock::Moment;
use super::current::Frame;
use super::rpc_method::{RpcKind, RpcMethod, Traffic};
use super::span::{SpanEnd, observe};
use crate::catalog::GrpcCode;
use crate::catalog::grpc::GrpcServiceLabelsRef;
use crate::context::{Class, FinishedSpan, Span, SpanKind, TraceContext};
use crate::metric::UpDownGauge;

/// A call that was begun and not ended. Like an API request it writes nothing when it is dropped.
#[derive(Debug)]
pub(crate) struct RpcCall {
    frame: Frame,
    span: Span,
    begun: Moment,
    /// The place of its method, once that is known.
    method: Option<u32>,
    in_flight: UpDownGauge,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RpcEnd {
    pub(crate) code: GrpcCode,
    /// Whether the server gave an answer: how long nobody answered is no latency.
    pub(crate) answered: bool,
    /// Whether the call itself looked like a stream.
    pub(crate) streamed: bool,
}

impl Recorder {
    /// Begins a call: it is in flight from now on, in the service it names if its method is known.
    /// The client may have said which trace it is part of.
    #[inline]
    pub(crate) fn begin_rpc_call(
        self,
        path: Option<(&str, &str)>,
        parent: Option<TraceContext>,
    ) -> RpcCall {
        let known = path.and_then(|(service, method)| self.known_rpc_method(service, method));
        let in_flight = match known.and_then(|place| self.rpc_methods().get(place)) {
            Some(method) => method.in_flight,
            None => self.unmatched_in_flight(),
        };
        in_flight.inc();
        let mut frame = Frame::inherit(self, |_| {});
        if parent.is_some() {
            frame.trace = parent;
        }
        let span = frame.begin_span(|_| class_of(path));
        RpcCall {
            frame,
            span,
            begun: Moment::now(),
            method: known,
            in_flight,
        }
    }

    #[cold]
    fn unmatched_in_flight(&self) -> UpDownGauge {
        let gauge = &self.catalog().grpc.requests_in_flight;
        gauge.with(&GrpcServiceLabelsRef { service: UNMATCHED })
    }
}

impl RpcCall {
    /// What is carried around each poll of the work.
    pub(crate) fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    /// How long ago it was begun.
    pub(crate) fn age(&self) -> std::time::Duration {
        Moment::now().since(self.begun)
    }

    /// Whether its method is known.
    pub(crate) fn is_known(&self) -> bool {
        self.method.is_some()
    }

    /// Its method exists, as an answer shows: what it writes has that name.
    pub(crate) fn learn(&mut self, service: &str, method: &str) {
        if self.method.is_none()
            && let Some(recorder) = &self.frame.recorder
        {
            self.method = recorder.learn_rpc_method(service, method);
        }
    }

    /// Where messages from the client are counted, if the method is known.
    pub(crate) fn received(&self) -> Option<Traffic> {
        Some(self.method()?.received)
    }

    /// Where messages to the client are counted, if the method is known.
    pub(crate) fn sent(&self) -> Option<Traffic> {
        Some(self.method()?.sent)
    }

    /// The server sent more than one message: what it serves is a stream.
    pub(crate) fn streams(&self) {
        if let Some(method) = self.method() {
            method.streams();
        }
    }

    /// Nothing will be learned any more: without a known method the call is `UNMATCHED`.
    pub(crate) fn settle(&mut self) {
        self.learn(UNMATCHED, UNMATCHED);
    }

    /// The call ended.
    pub(crate) fn end(mut self, end: RpcEnd) {
        self.settle();
        let elapsed = self.age();
        if let Some(recorder) = &self.frame.recorder
            && let Some(method) = self.method()
        {
            let grpc = &recorder.catalog().grpc;
            let streamed = match method.kind() {
                RpcKind::Unknown => end.streamed,
                RpcKind::Unary => false,
                RpcKind::Streaming => true,
            };
            let trace = self.frame.trace.as_ref();
            // How long a stream stays open is no slowness.
            let slow = !streamed && elapsed > recorder.settings().slow_request;
            let ended = ending_of(end.code);
            let rescue = ended.rescue(slow);
            let rescued = rescue.is_some() && self.span.is_watched();
            if streamed {
                observe(method.stream(grpc), elapsed, trace, rescued);
            } else if end.answered {
                observe(method.unary(grpc), elapsed, trace, rescued);
            }
            let times = (self.begun, Moment::now());
            recorder
                .tracer()
                .end(self.span, trace, times, rescue, |span| {
                    span.kind = SpanKind::Server;
                    let (service, name) = method.names();
                    describe(span, service, name, end.code);
                    ended.tell(span);
                });
            method.count(grpc, end.code);
        }
        // Last: whoever reads the end of the call has also read what it wrote.
        self.in_flight.dec();
    }

    #[inline]
    fn method(&self) -> Option<&RpcMethod> {
        let recorder = self.frame.recorder.as_ref()?;
        recorder.rpc_methods().get(self.method?)
    }
}

/// What the span of a call says about it, on either side.
pub(super) fn describe(span: &mut FinishedSpan, service: &str, method: &str, code: GrpcCode) {
    span.name = format!("{service}/{method}").into();
    span.set("rpc.system", "grpc");
    span.set("rpc.service", service.to_owned());
    span.set("rpc.method", method.to_owned());
    span.set("rpc.code", code.as_str());
}

/// The codes that say that the server failed, as the conventions have it; the others say that it
/// was asked wrongly.
fn ending_of(code: GrpcCode) -> SpanEnd {
    match code {
        GrpcCode::Ok => SpanEnd::Success,
        GrpcCode::Cancelled => SpanEnd::Cancelled,
        GrpcCode::DeadlineExceeded => SpanEnd::TimedOut,
        GrpcCode::Unknown
        | GrpcCode::Unimplemented
        | GrpcCode::Internal
        | GrpcCode::Unavailable
        | GrpcCode::DataLoss => SpanEnd::Failed(code.as_str()),
        _ => SpanEnd::Refused(code.as_str()),
    }
}

fn class_of(path: Option<(&str, &str)>) -> Class {
    match path {
        Some(("grpc.health.v1.Health", _)) => Class::HealthCheck,
        _ => Class::Default,
    }
}
