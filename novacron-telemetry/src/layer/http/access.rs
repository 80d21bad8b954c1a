//! Access lines: one event for each request, when it ends.

use std::fmt;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Request};

use super::endpoint::RequestView;
use crate::catalog::Status;

/// Which lines a layer writes about its requests: one for each, when it ends, as a `tracing` event
/// of the target `novacron::access` at the level info, with `endpoint`, `method`, `status`,
/// `duration_ms`, `response_bytes`, and the `correlation_id` if the request has one in the header
/// `x-correlation-id` or `x-request-id`.
///
/// See [`HttpLayer::access_lines`](super::HttpLayer::access_lines).
#[derive(Clone, Default)]
#[must_use = "a layer writes lines when it is given this"]
pub struct AccessLines {
    client_ip: Option<Arc<FindClient>>,
}

type FindClient = dyn Fn(RequestView<'_>, &HeaderMap) -> Option<IpAddr> + Send + Sync;

impl AccessLines {
    /// Lines without the client's address.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `client_ip`, which is somebody's personal data: the host says where it is to be found,
    /// because only it knows which proxies in front of it tell the truth.
    pub fn client_ip(
        mut self,
        find: impl Fn(RequestView<'_>, &HeaderMap) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.client_ip = Some(Arc::new(find));
        self
    }

    /// Whether anybody would take a line now.
    pub(super) fn are_read() -> bool {
        tracing::enabled!(target: "novacron::access", tracing::Level::INFO)
    }

    /// What has to be kept of a request for its line.
    pub(super) fn begin<B>(&self, request: &Request<B>) -> Access {
        let headers = request.headers();
        let view = RequestView {
            method: request.method(),
            uri: request.uri(),
            extensions: request.extensions(),
        };
        let find = self.client_ip.as_deref();
        // The host's own code: a panic in it costs the address.
        let client_ip =
            find.and_then(|find| catch_unwind(AssertUnwindSafe(|| find(view, headers))).ok()?);
        Access {
            method: request.method().clone(),
            client_ip,
            correlation_id: correlation_id(headers).map(Into::into),
        }
    }
}

/// An id that a caller gave: visible ASCII of a sensible length, or none.
fn correlation_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers
        .get("x-correlation-id")
        .or_else(|| headers.get("x-request-id"))?
        .to_str()
        .ok()?;
    (1..=128).contains(&id.len()).then_some(id)
}

/// What is kept of a request for its line.
#[derive(Debug)]
pub(super) struct Access {
    method: Method,
    client_ip: Option<IpAddr>,
    correlation_id: Option<Box<str>>,
}

impl Access {
    /// Writes the line.
    #[cold]
    pub(super) fn line(&self, endpoint: &str, status: Status, elapsed: Duration, bytes: u64) {
        let Self {
            method,
            client_ip,
            correlation_id,
        } = self;
        let status = status.code();
        tracing::info!(
            target: "novacron::access",
            endpoint,
            method = method.as_str(),
            status,
            duration_ms = elapsed.as_micros() as f64 / 1e3,
            response_bytes = bytes,
            correlation_id = correlation_id.as_deref(),
            client_ip = client_ip.map(tracing::field::display),
            "{method} {endpoint} {status}"
        );
    }
}

impl fmt::Debug for AccessLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLines")
            .field("client_ip", &self.client_ip.is_some())
            .finish()
    }
}
