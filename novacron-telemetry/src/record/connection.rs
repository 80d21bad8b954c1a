//! What stays open between requests: client connections and WebSocket sessions.

use super::{Recorder, current};
use crate::catalog::api::{MessageLabelsRef, Protocol, ProtocolLabels};
use crate::catalog::{Direction, EndpointLabelsRef};
use crate::metric::{Counter, InFlight};

/// A client's connection, open until this is dropped.
///
/// ```
/// use novacron_telemetry::catalog::api::Protocol;
/// use novacron_telemetry::record::ApiConnection;
///
/// let connection = ApiConnection::open(Protocol::Http2);
/// // … serve it …
/// drop(connection);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the connection is closed"]
pub struct ApiConnection {
    _active: InFlight,
}

impl ApiConnection {
    /// A connection was accepted.
    pub fn open(protocol: Protocol) -> Self {
        Self::open_with(&current::current(), protocol)
    }

    /// A connection was accepted that is recorded by `recorder`.
    pub fn open_with(recorder: &Recorder, protocol: Protocol) -> Self {
        let api = &recorder.catalog().api;
        let protocol = ProtocolLabels { protocol };
        api.connections_total.inc(&protocol);
        Self {
            _active: api.connections_active.guard(&protocol),
        }
    }
}

/// A WebSocket session, open until this is dropped.
///
/// ```
/// use novacron_telemetry::record::WebSocketSession;
///
/// let session = WebSocketSession::open("/api/v1/console");
/// session.received();
/// session.sent();
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the session is closed"]
pub struct WebSocketSession {
    _active: InFlight,
    sent: Counter,
    received: Counter,
}

impl WebSocketSession {
    /// A session of this route was opened.
    pub fn open(endpoint: &str) -> Self {
        Self::open_with(&current::current(), endpoint)
    }

    /// A session of this route was opened that is recorded by `recorder`.
    pub fn open_with(recorder: &Recorder, endpoint: &str) -> Self {
        let api = &recorder.catalog().api;
        let messages = |direction| {
            let labels = MessageLabelsRef {
                endpoint,
                direction,
            };
            api.websocket_messages_total.with(&labels)
        };
        Self {
            _active: api
                .websocket_connections_active
                .guard(&EndpointLabelsRef { endpoint }),
            sent: messages(Direction::Sent),
            received: messages(Direction::Received),
        }
    }

    /// A message went out.
    #[inline]
    pub fn sent(&self) {
        self.sent.inc();
    }

    /// A message came in.
    #[inline]
    pub fn received(&self) {
        self.received.inc();
    }
}
