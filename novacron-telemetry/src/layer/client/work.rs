//! What a call is while it is going on, and how each way to end it is counted.

use std::fmt::Display;
use std::sync::Arc;

use bytes::Buf;
use http::Request;
use http::response::Parts;
use http_body::{Body, Frame as BodyFrame};

#[cfg(feature = "grpc")]
use super::grpc::{GrpcCall, GrpcTarget};
use crate::catalog::CallStatus;
use crate::layer::answer::{Answer, ran_out_of_time};
use crate::layer::http::method_of;
use crate::record::{
    Ending, ExternalSeries, Failure, Frame, Framed, Outcome, Recorder, ServiceCall, Work,
};

/// Who is called.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// A service over HTTP.
    Http(Arc<ExternalSeries>),
    /// A service or a provider over gRPC.
    #[cfg(feature = "grpc")]
    Grpc(GrpcTarget),
}

/// A call in its life from `call` to the end of its answer.
#[derive(Debug)]
pub(super) enum ClientWork {
    Http(HttpCall),
    #[cfg(feature = "grpc")]
    Grpc(GrpcCall),
}

/// A call over HTTP.
#[derive(Debug)]
pub(super) struct HttpCall {
    call: ServiceCall,
    /// What the head said, once there was one.
    status: Option<CallStatus>,
}

impl ClientWork {
    pub(super) fn begin<B>(recorder: Recorder, target: &Target, request: &Request<B>) -> Self {
        match target {
            Target::Http(series) => Self::Http(HttpCall {
                call: ServiceCall::begin(recorder, Arc::clone(series), || {
                    method_of(request.method()).as_str().into()
                }),
                status: None,
            }),
            #[cfg(feature = "grpc")]
            Target::Grpc(target) => Self::Grpc(GrpcCall::begin(recorder, target, request)),
        }
    }
}

impl Answer for ClientWork {
    fn head(&mut self, head: &Parts, body: &impl Body) -> bool {
        match self {
            Self::Http(http) => {
                http.call.answered();
                let refused = head.status.is_client_error() || head.status.is_server_error();
                http.status = Some(if refused {
                    CallStatus::Error
                } else {
                    CallStatus::Success
                });
            }
            #[cfg(feature = "grpc")]
            Self::Grpc(call) => call.head(head),
        }
        body.is_end_stream()
    }

    fn passes(&mut self, frame: &BodyFrame<impl Buf>) -> bool {
        match self {
            Self::Http(_) => {}
            #[cfg(feature = "grpc")]
            Self::Grpc(call) => {
                if let Some(trailers) = frame.trailers_ref() {
                    call.trailers(trailers);
                }
            }
        }
        // Trailers are always the last frame.
        frame.is_trailers()
    }

    fn failed(&mut self, error: &impl Display) -> Outcome {
        if ran_out_of_time(error) {
            Outcome::TimedOut
        } else {
            Failure::INTERNAL.into()
        }
    }
}

impl Work for ClientWork {
    type Verdict = Outcome;

    fn end(self, ending: Ending) {
        match self {
            Self::Http(http) => {
                let status = match ending {
                    // A caller that drops a body has seen what it wanted to see.
                    Ending::Outcome(Outcome::Success | Outcome::Cancelled) => http.status,
                    Ending::Outcome(_) | Ending::Panicked => None,
                };
                http.call.end(status.unwrap_or(CallStatus::Error));
            }
            #[cfg(feature = "grpc")]
            Self::Grpc(call) => call.end(ending),
        }
    }
}

impl Framed for ClientWork {
    fn frame(&mut self) -> &mut Frame {
        match self {
            Self::Http(http) => http.call.frame(),
            #[cfg(feature = "grpc")]
            Self::Grpc(call) => call.frame(),
        }
    }
}
