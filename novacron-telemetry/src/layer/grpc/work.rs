//! What a call is while it is going on, and which code each way to end it has.

use std::fmt::Display;
use std::time::Duration;

use bytes::Buf;
use http::response::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, header};
use http_body::{Body, Frame as BodyFrame};

use super::frames::Frames;
use super::notes::Notes;
use super::{path, status};
use crate::catalog::GrpcCode;
use crate::layer::answer::{Answer, ran_out_of_time};
use crate::record::{Ending, Failure, Frame, Framed, Outcome, RpcCall, RpcEnd, Traffic, Work};

/// A call in its life from `call` to the end of its answer.
#[derive(Debug)]
pub(super) struct GrpcWork {
    call: RpcCall,
    notes: Notes,
    /// Whether its method was not known when it began.
    nameless: bool,
    /// The path of a method that is still not known, and may exist.
    unknown: Option<PathAndQuery>,
    /// From what age on a call that is given up ran out of time.
    patience: Option<Duration>,
    /// The messages of the answer, once it turned out to be one over gRPC.
    frames: Option<Frames>,
    traffic: Option<Traffic>,
    sent: u64,
    /// Whether an answer began before its request was complete.
    early: bool,
    answered: bool,
    /// The last code that was said.
    code: Option<GrpcCode>,
}

impl GrpcWork {
    pub(super) fn new(
        call: RpcCall,
        notes: Notes,
        unknown: Option<PathAndQuery>,
        patience: Option<Duration>,
    ) -> Self {
        Self {
            nameless: !call.is_known(),
            traffic: call.sent(),
            call,
            notes,
            unknown,
            patience,
            frames: None,
            sent: 0,
            early: false,
            answered: false,
            code: None,
        }
    }

    fn sent(&mut self, data: &impl Buf) {
        let Some(frames) = &mut self.frames else {
            return;
        };
        let passed = frames.pass(data);
        if passed.messages == 0 {
            return;
        }
        if self.sent == 0 {
            self.early = !self.notes.ended();
            self.learn();
        }
        let before = self.sent;
        self.sent += passed.messages;
        if before <= 1 && self.sent > 1 {
            self.call.streams();
        }
        if let Some(traffic) = self.traffic {
            traffic.count(passed.messages, passed.bytes);
        }
    }

    /// A handler of the method answered, so there is one.
    fn learn(&mut self) {
        if let Some(unknown) = self.unknown.take()
            && let Some((service, method)) = path::parse(unknown.path())
        {
            self.call.learn(service, method);
            self.traffic = self.call.sent();
            self.name();
        }
    }

    /// What the client sent, and still sends, belongs to the method of this call.
    fn name(&self) {
        if let Some(traffic) = self.call.received() {
            self.notes.name(traffic);
        }
    }

    fn code(&self, ending: Ending) -> GrpcCode {
        let Ending::Outcome(outcome) = ending else {
            return GrpcCode::Internal;
        };
        match (self.code, outcome) {
            // Whatever came after it: this is what the client was told.
            (Some(code), _) => code,
            (None, Outcome::TimedOut) => GrpcCode::DeadlineExceeded,
            (None, Outcome::Cancelled) if self.is_late() => GrpcCode::DeadlineExceeded,
            (None, Outcome::Cancelled) => GrpcCode::Cancelled,
            // The stream is reset, which clients read so.
            (None, Outcome::Failure(_)) if self.answered => GrpcCode::Internal,
            (None, Outcome::Success | Outcome::Failure(_)) => GrpcCode::Unknown,
        }
    }

    fn is_late(&self) -> bool {
        self.patience
            .is_some_and(|patience| self.call.age() >= patience)
    }
}

impl Answer for GrpcWork {
    fn head(&mut self, head: &Parts, body: &impl Body) -> bool {
        self.answered = true;
        self.code = status::of_headers(&head.headers).or_else(|| status::of_http(head.status));
        if speaks_grpc(&head.headers) {
            self.frames = Some(Frames::default());
        }
        body.is_end_stream()
    }

    fn passes(&mut self, frame: &BodyFrame<impl Buf>) -> bool {
        if let Some(data) = frame.data_ref() {
            self.sent(data);
        }
        match frame.trailers_ref() {
            Some(trailers) => {
                self.code = status::of_headers(trailers).or(self.code);
                true
            }
            None => false,
        }
    }

    fn failed(&mut self, error: &impl Display) -> Outcome {
        if ran_out_of_time(error) {
            Outcome::TimedOut
        } else {
            Failure::INTERNAL.into()
        }
    }
}

impl Work for GrpcWork {
    type Verdict = Outcome;

    fn end(mut self, ending: Ending) {
        let code = self.code(ending);
        if code == GrpcCode::Ok {
            self.learn();
        }
        let unanswered = match ending {
            Ending::Panicked => true,
            Ending::Outcome(outcome) => outcome == Outcome::Cancelled && self.code.is_none(),
        };
        let end = RpcEnd {
            code,
            answered: !unanswered,
            streamed: self.early || self.sent > 1 || self.notes.messages() > 1,
        };
        if self.nameless {
            self.call.settle();
            self.name();
        }
        self.call.end(end);
    }
}

impl Framed for GrpcWork {
    fn frame(&mut self) -> &mut Frame {
        self.call.frame()
    }
}

/// Whether a message is one of gRPC; gRPC-Web, which has its trailers in its body, is not.
pub(super) fn speaks_grpc(headers: &HeaderMap) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.as_bytes().split_at_checked(GRPC.len()))
        .is_some_and(|(kind, rest)| {
            kind.eq_ignore_ascii_case(GRPC) && matches!(rest.first(), None | Some(b'+' | b';'))
        })
}
