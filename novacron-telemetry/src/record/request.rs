//! API requests and endpoints, by people who have no layer to count them.

use super::Recorder;
use super::api::ApiEnd;
use super::current::with_current;
use crate::catalog::api::AuthFailureLabels;
use crate::catalog::{
    ApiError, AuthReason, EndpointLabelsRef, Method, RequestErrorLabelsRef, Status,
};
use crate::metric::Seconds;

/// An API request ended: method, route template, response code, and the time it took in seconds or
/// as a `Duration`. An unknown method is `OTHER`; templates are capped at 200.
///
/// ```
/// novacron_telemetry::record::record_api_request("GET", "/api/v1/vms", 200, 0.012);
/// ```
pub fn record_api_request(method: &str, endpoint: &str, status: u16, duration: impl Into<Seconds>) {
    let duration = duration.into().get();
    with_current(|recorder| {
        let end = ApiEnd::answered(Status::new(status));
        recorder.finished_api_request(Method::from(method), endpoint, duration, &end);
    });
}

/// An API request met an error of this class, beside what its status says.
///
/// ```
/// novacron_telemetry::record::record_api_error("GET", "/api/v1/vms", "unavailable");
/// ```
pub fn record_api_error(method: &str, endpoint: &str, error_type: &str) {
    with_current(|recorder| {
        recorder.api_error(Method::from(method), endpoint, ApiError::from(error_type));
    });
}

/// Whether the probe of an endpoint succeeds.
///
/// ```
/// novacron_telemetry::record::update_endpoint_up("/api/v1/vms", true);
/// ```
pub fn update_endpoint_up(endpoint: &str, up: bool) {
    with_current(|recorder| {
        let endpoint = EndpointLabelsRef { endpoint };
        recorder
            .catalog()
            .api
            .endpoint_up
            .set(&endpoint, f64::from(up));
    });
}

/// Credentials were refused: `missing`, `invalid`, `expired` or `forbidden`.
///
/// ```
/// novacron_telemetry::record::record_auth_failure("expired");
/// ```
pub fn record_auth_failure(reason: &str) {
    with_current(|recorder| {
        if let Some(reason) = recorder.known(AuthReason::parse(reason)) {
            recorder.auth_failure(reason);
        }
    });
}

/// A request was refused because its payload did not validate.
///
/// ```
/// novacron_telemetry::record::record_validation_failure("/api/v1/vms");
/// ```
pub fn record_validation_failure(endpoint: &str) {
    with_current(|recorder| {
        let endpoint = EndpointLabelsRef { endpoint };
        recorder
            .catalog()
            .api
            .validation_failures_total
            .inc(&endpoint);
    });
}

/// A request waited this long for a concurrency slot.
///
/// ```
/// novacron_telemetry::record::record_queue_wait(0.002);
/// ```
pub fn record_queue_wait(waited: impl Into<Seconds>) {
    let waited = waited.into();
    with_current(|recorder| recorder.catalog().api.queue_wait_seconds.observe(waited));
}

/// How many requests may be served at once; 0 means any number.
///
/// ```
/// novacron_telemetry::record::update_concurrency_limit(256);
/// ```
pub fn update_concurrency_limit(limit: u64) {
    with_current(|recorder| recorder.catalog().api.concurrency_limit.set(limit as f64));
}

impl Recorder {
    /// A request met an error of this class, beside what its status says.
    pub fn api_error(&self, method: Method, endpoint: &str, error_type: ApiError) {
        let labels = |error_type| RequestErrorLabelsRef {
            method,
            endpoint,
            error_type,
        };
        let all = ApiError::ALL.iter().copied().map(labels);
        self.catalog()
            .api
            .errors_total
            .inc_among(&labels(error_type), all);
    }

    /// Credentials were refused.
    pub fn auth_failure(&self, reason: AuthReason) {
        self.catalog()
            .api
            .auth_failures_total
            .inc(&AuthFailureLabels { reason });
    }
}
