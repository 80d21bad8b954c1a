//! API requests, whatever served them.
//!
//! The layer counts a request exactly once, when it ends; what a layer cannot see (refused
//! credentials, web sockets, probes) is counted by verbs.

use super::labels::{AuthReason, Direction, Endpoint, Method, Status};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, MaxGauge, Timestamp, UpDownGauge, buckets};
use crate::registry::MetricGroup;

/// Requests to the API.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_api", writer = Layer("HttpLayer"))]
pub struct ApiMetrics {
    /// HTTP requests answered, by method, route and response code.
    #[metric(unit = "requests")]
    pub requests_total: Family<RequestLabels, Counter>,

    /// Time from first request byte handled to response headers sent.
    #[metric(unit = Seconds, buckets = buckets::HTTP, joined, exemplars)]
    pub request_duration_seconds: Family<RouteLabels, Histogram>,

    /// Requests that ended in an error, by error class.
    #[metric(unit = "errors")]
    pub errors_total: Family<RequestErrorLabels, Counter>,

    /// Longest request of the current window of 60 s and the last.
    #[metric(unit = Seconds, joined)]
    pub request_duration_max_seconds: Family<RouteLabels, MaxGauge>,

    /// Requests being handled right now.
    #[metric(unit = "requests")]
    pub requests_in_flight: Family<MethodLabels, UpDownGauge>,

    /// Size of request bodies.
    #[metric(unit = Bytes, buckets = buckets::BYTES, joined)]
    pub request_body_bytes: Family<RouteLabels, Histogram>,

    /// Size of response bodies.
    #[metric(unit = Bytes, buckets = buckets::BYTES, joined)]
    pub response_body_bytes: Family<RouteLabels, Histogram>,

    /// Time until the response body was fully streamed or dropped.
    #[metric(unit = Seconds, buckets = buckets::HTTP, joined, exemplars)]
    pub response_complete_seconds: Family<RouteLabels, Histogram>,

    /// 1 while the endpoint's probe succeeds, 0 while it fails.
    #[metric(writer = Verb("update_endpoint_up"))]
    pub endpoint_up: Family<EndpointLabels, Gauge>,

    /// Requests slower than the configured threshold (500 ms by default).
    #[metric(unit = "requests")]
    pub slow_requests_total: Family<RouteLabels, Counter>,

    /// Requests ended by the server-side timeout.
    #[metric(unit = "requests")]
    pub timeouts_total: Family<RouteLabels, Counter>,

    /// Handler panics caught by the layer or macro.
    #[metric(unit = "panics")]
    pub panics_total: Family<EndpointLabels, Counter>,

    /// Requests whose client left before the response was complete.
    #[metric(unit = "requests")]
    pub client_disconnects_total: Family<EndpointLabels, Counter>,

    /// Requests refused by a rate limiter.
    #[metric(unit = "requests")]
    pub rate_limited_total: Family<EndpointLabels, Counter>,

    /// Requests refused for missing or wrong credentials.
    #[metric(unit = "requests", writer = Verb("record_auth_failure"))]
    pub auth_failures_total: Family<AuthFailureLabels, Counter>,

    /// Requests refused because the payload did not validate.
    #[metric(unit = "requests", writer = Verb("record_validation_failure"))]
    pub validation_failures_total: Family<EndpointLabels, Counter>,

    /// Open client connections.
    #[metric(unit = "connections", writer = Verb("ApiConnection"))]
    pub connections_active: Family<ProtocolLabels, UpDownGauge>,

    /// Client connections accepted.
    #[metric(unit = "connections", writer = Verb("ApiConnection"))]
    pub connections_total: Family<ProtocolLabels, Counter>,

    /// Open WebSocket sessions.
    #[metric(unit = "connections", writer = Verb("WebSocketSession"))]
    pub websocket_connections_active: Family<EndpointLabels, UpDownGauge>,

    /// WebSocket messages passed.
    #[metric(unit = "messages", writer = Verb("WebSocketSession"))]
    pub websocket_messages_total: Family<MessageLabels, Counter>,

    /// Time a request waited for a concurrency slot.
    #[metric(unit = Seconds, buckets = buckets::HTTP, writer = Verb("record_queue_wait"))]
    pub queue_wait_seconds: Histogram,

    /// Configured limit of concurrent requests; 0 means unlimited.
    #[metric(unit = "requests", writer = Verb("update_concurrency_limit"))]
    pub concurrency_limit: Gauge,

    /// Routes the host declared to the telemetry layer.
    #[metric(unit = "endpoints")]
    pub endpoints_registered: Gauge,

    /// Declared routes that have recorded or can record metrics.
    #[metric(unit = "endpoints")]
    pub endpoints_instrumented: Gauge,

    /// Calls to routes marked deprecated.
    #[metric(unit = "requests")]
    pub deprecated_requests_total: Family<EndpointLabels, Counter>,

    /// Unix time of the last finished request per route.
    #[metric(unit = Seconds)]
    pub last_request_timestamp_seconds: Family<EndpointLabels, Timestamp>,

    /// Declared routes that are left out of the metrics on purpose.
    #[metric(unit = "endpoints")]
    pub endpoints_excluded: Gauge,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RequestLabels {
    pub method: Method,
    pub endpoint: Endpoint,
    pub status: Status,
}

/// Which route, and by which method.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RouteLabels {
    pub method: Method,
    pub endpoint: Endpoint,
}

/// Which route failed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RequestErrorLabels {
    pub method: Method,
    pub endpoint: Endpoint,
    pub error_type: ApiError,
}

/// By which method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MethodLabels {
    pub method: Method,
}

/// Which route.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct EndpointLabels {
    pub endpoint: Endpoint,
}

/// Why credentials were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct AuthFailureLabels {
    pub reason: AuthReason,
}

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ProtocolLabels {
    pub protocol: Protocol,
}

/// Which way a message of a route went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MessageLabels {
    pub endpoint: Endpoint,
    pub direction: Direction,
}

/// Class of an API error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum ApiError {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    PayloadTooLarge,
    RateLimited,
    ClientClosed,
    Timeout,
    Panic,
    Internal,
    BadGateway,
    Unavailable,
    #[label(other)]
    Other,
}

/// Protocol of a client connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Protocol {
    Http1,
    Http2,
    Grpc,
    Websocket,
}
