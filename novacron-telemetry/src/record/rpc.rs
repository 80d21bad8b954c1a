//! What a call served over gRPC writes when it begins, while messages pass, and when it ends.

use super::Recorder;
use super::api::{UNMATCHED, observe};
use super::clock::Moment;
use super::current::Frame;
use super::rpc_method::{RpcKind, RpcMethod, Traffic};
use crate::catalog::GrpcCode;
use crate::catalog::grpc::GrpcServiceLabelsRef;
use crate::context::TraceIds;
use crate::metric::UpDownGauge;

/// A call that was begun and not ended. Like an API request it writes nothing when it is dropped.
#[derive(Debug)]
pub(crate) struct RpcCall {
    frame: Frame,
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
    #[inline]
    pub(crate) fn begin_rpc_call(self, path: Option<(&str, &str)>) -> RpcCall {
        let known = path.and_then(|(service, method)| self.known_rpc_method(service, method));
        let in_flight = match known.and_then(|place| self.rpc_methods().get(place)) {
            Some(method) => method.in_flight,
            None => self.unmatched_in_flight(),
        };
        in_flight.inc();
        RpcCall {
            frame: Frame::inherit(self, |_| {}),
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

    /// The trace that the client's header names.
    pub(crate) fn follow(&mut self, trace: TraceIds) {
        self.frame.trace = Some(trace);
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
            if streamed {
                observe(method.stream(grpc), elapsed, self.frame.trace);
            } else if end.answered {
                observe(method.unary(grpc), elapsed, self.frame.trace);
            }
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
