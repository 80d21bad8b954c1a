//! What a request is while it is going on, and what each way to end it writes.

use http::{HeaderMap, StatusCode, header};

use super::access::Access;
use crate::catalog::{ApiError, Status};
use crate::record::{ApiEnd, ApiRequest, Bytes, Ending, Frame, Framed, How, Outcome, Work};

/// A request in its life from `call` to the end of its body.
#[derive(Debug)]
pub(super) struct HttpWork {
    request: ApiRequest,
    is_head: bool,
    is_connect: bool,
    request_bytes: Option<u64>,
    response_bytes: u64,
    /// How long the response's body is, if somebody said so.
    length: Option<u64>,
    /// The response's status and kind, once there is a response.
    head: Option<(Status, Kind)>,
    /// For the line about it, if there is to be one.
    access: Option<Box<Access>>,
}

/// What a response is to the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Timed to its head and to its end.
    Plain,
    /// An event stream or an upgraded connection: how long a client stays is no latency, and its
    /// leaving is a normal end.
    Open,
}

impl HttpWork {
    pub(super) fn new(
        request: ApiRequest,
        method: &http::Method,
        request_bytes: Option<u64>,
    ) -> Self {
        Self {
            request,
            is_head: *method == http::Method::HEAD,
            is_connect: *method == http::Method::CONNECT,
            request_bytes,
            response_bytes: 0,
            length: None,
            head: None,
            access: None,
        }
    }

    /// Asks for a line.
    pub(super) fn access(&mut self, access: Access) {
        self.access = Some(Box::new(access));
    }

    /// The head of the response is ready. Says whether the request is over with it.
    pub(super) fn head(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &impl http_body::Body,
    ) -> bool {
        // The header first: a streamed file has no other length.
        self.length = content_length(headers).or_else(|| body.size_hint().exact());
        let bodyless = self.is_head
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            || body.is_end_stream()
            || self.length == Some(0);
        let upgraded =
            status == StatusCode::SWITCHING_PROTOCOLS || (self.is_connect && status.is_success());
        let kind = if upgraded || (!bodyless && is_event_stream(headers)) {
            Kind::Open
        } else {
            Kind::Plain
        };
        if kind == Kind::Plain {
            self.request.head();
        }
        self.head = Some((Status::new(status.as_u16()), kind));
        bodyless || upgraded
    }

    /// A frame of this many bytes is on its way. Says whether it was the last one of a body whose
    /// length is known: a server that counts along, as hyper does, drops such a body without asking
    /// for its end.
    pub(super) fn sent(&mut self, bytes: u64) -> bool {
        self.response_bytes += bytes;
        self.length
            .is_some_and(|length| self.response_bytes >= length)
    }

    fn bytes(&self) -> Bytes {
        Bytes {
            request: self.request_bytes,
            response: self.response_bytes,
        }
    }

    /// What a request writes that never had a response.
    fn end_before_head(&self, ending: Ending) -> ApiEnd {
        match ending {
            Ending::Panicked => ApiEnd::panicked(),
            Ending::Outcome(Outcome::Cancelled) => ApiEnd::client_left(),
            Ending::Outcome(Outcome::TimedOut) => ApiEnd::timed_out(),
            Ending::Outcome(outcome) => self.explained(outcome.status()),
        }
    }

    /// What a request writes whose response has this status.
    fn end_in_body(&self, status: Status, kind: Kind, ending: Ending) -> ApiEnd {
        let broke = status.is_server_error();
        let end = match ending {
            Ending::Panicked if broke => ApiEnd {
                status,
                ..ApiEnd::panicked()
            },
            Ending::Panicked => ApiEnd::panicked(),
            Ending::Outcome(Outcome::Success) => self.explained(status),
            Ending::Outcome(Outcome::Cancelled) if kind == Kind::Open => self.explained(status),
            // A server error stays what it is, though the client did not wait for its page.
            Ending::Outcome(Outcome::Cancelled) if broke => ApiEnd {
                how: How::ClientLeft,
                ..self.explained(status)
            },
            Ending::Outcome(Outcome::Cancelled) => ApiEnd::client_left(),
            Ending::Outcome(_) if broke => self.explained(status),
            // The stream was open for as long as it was; that it broke is an error all the same.
            Ending::Outcome(_) if kind == Kind::Open => ApiEnd {
                error_type: Some(ApiError::Internal),
                ..ApiEnd::answered(status)
            },
            Ending::Outcome(_) => ApiEnd::answered(Status::INTERNAL),
        };
        ApiEnd {
            bytes: Some(self.bytes()),
            ..end
        }
    }

    /// Writes the line about the request, in its frame: the line names the trace.
    #[cold]
    fn line(&mut self, access: &Access, status: Status) {
        let endpoint = self.request.endpoint().unwrap_or_default();
        let elapsed = self.request.elapsed();
        let bytes = self.response_bytes;
        let _entered = self.request.frame().enter();
        access.line(&endpoint, status, elapsed, bytes);
    }

    /// The end that this status is. An attribute inside knows the class of an error better than the
    /// status does.
    fn explained(&self, status: Status) -> ApiEnd {
        let end = ApiEnd::answered(status);
        match (end.error_type, self.request.failure()) {
            (Some(_), Some(failure)) => ApiEnd {
                error_type: Some(failure.error_type),
                ..end
            },
            _ => end,
        }
    }
}

impl Work for HttpWork {
    type Verdict = Outcome;

    fn end(mut self, ending: Ending) {
        let end = match self.head {
            None => self.end_before_head(ending),
            Some((status, kind)) => self.end_in_body(status, kind, ending),
        };
        if let Some(access) = self.access.take() {
            self.line(&access, end.status);
        }
        self.request.end(&end);
    }
}

impl Framed for HttpWork {
    fn frame(&mut self) -> &mut Frame {
        self.request.frame()
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    const EVENTS: &[u8] = b"text/event-stream";
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.as_bytes().get(..EVENTS.len()))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(EVENTS))
}
