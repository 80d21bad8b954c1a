//! What a request is while it is going on, and what each way to end it writes.

use http::{HeaderMap, StatusCode, header};

use crate::catalog::Status;
use crate::record::{ApiEnd, ApiRequest, Bytes, Ending, Frame, Framed, Outcome, Work};

/// A request in its life from `call` to the end of its body.
#[derive(Debug)]
pub(super) struct HttpWork {
    request: ApiRequest,
    is_head: bool,
    is_connect: bool,
    request_bytes: Option<u64>,
    response_bytes: u64,
    /// The response's status and kind, once there is a response.
    head: Option<(Status, Kind)>,
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
            head: None,
        }
    }

    /// The head of the response is ready. Says whether the request is over with it.
    pub(super) fn head(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &impl http_body::Body,
    ) -> bool {
        let bodyless = self.is_head
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            || body.is_end_stream();
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

    pub(super) fn sent(&mut self, bytes: u64) {
        self.response_bytes += bytes;
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
            Ending::Outcome(outcome) => ApiEnd::answered(outcome.status()),
        }
    }

    /// What a request writes whose response has this status.
    fn end_in_body(&self, status: Status, kind: Kind, ending: Ending) -> ApiEnd {
        let kept = kind == Kind::Open || status.is_server_error();
        let end = match ending {
            Ending::Panicked => ApiEnd::panicked(),
            Ending::Outcome(Outcome::Success) => ApiEnd::answered(status),
            // A server error stays what it is, though the client did not wait for its page.
            Ending::Outcome(Outcome::Cancelled) if kind == Kind::Plain => ApiEnd {
                status: if kept { status } else { Status::CLIENT_CLOSED },
                ..ApiEnd::client_left()
            },
            Ending::Outcome(_) if kept => ApiEnd::answered(status),
            Ending::Outcome(_) => ApiEnd::answered(Status::INTERNAL),
        };
        // An attribute inside knows the class of the error better than the status does.
        let better = self.request.failure().filter(|_| {
            end.error_type.is_some() && matches!(ending, Ending::Outcome(Outcome::Success))
        });
        ApiEnd {
            error_type: better.map_or(end.error_type, |failure| Some(failure.error_type)),
            bytes: Some(self.bytes()),
            ..end
        }
    }
}

impl Work for HttpWork {
    fn end(self, ending: Ending) {
        let end = match self.head {
            None => self.end_before_head(ending),
            Some((status, kind)) => self.end_in_body(status, kind, ending),
        };
        self.request.end(&end);
    }
}

impl Framed for HttpWork {
    fn frame(&mut self) -> &mut Frame {
        self.request.frame()
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}
