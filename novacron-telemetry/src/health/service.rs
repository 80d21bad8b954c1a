//! What probes are answered.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body as _;
use tower_service::Service;

use super::{Health, HealthBody, HealthStatus, Report};

/// The paths that probes ask.
pub(super) const PATHS: &[&str] = &["/health", "/healthz", "/livez", "/readyz"];

/// Answers probes: a tower service that any HTTP server can mount, at the root or under a path.
///
/// Which probe it is, the last part of the path says; any other is 404. GET and HEAD; anything else
/// is 405. No check runs, and nothing is cached between here and the probe.
///
/// ```
/// use http::{Request, StatusCode};
/// use novacron_telemetry::health::Health;
/// use novacron_telemetry::record::Recorder;
///
/// let service = Health::new("api-server", "1.0.0", Recorder::noop()).service();
/// let answer = service.answer(&Request::get("/livez").body(()).unwrap());
/// assert_eq!(answer.status(), StatusCode::OK);
/// ```
#[derive(Clone, Debug)]
pub struct HealthService(Health);

impl HealthService {
    pub(super) fn new(health: Health) -> Self {
        Self(health)
    }

    /// The answer to one request. Only its head is looked at.
    #[must_use]
    pub fn answer<B>(&self, request: &Request<B>) -> Response<HealthBody> {
        self.answer_with(request, Report::to_json)
    }

    /// The same without details, for those who may not know them.
    #[must_use]
    pub fn answer_in_short<B>(&self, request: &Request<B>) -> Response<HealthBody> {
        self.answer_with(request, |report| {
            format!("{{ \"status\": \"{}\" }}\n", report.status)
        })
    }

    fn answer_with<B>(
        &self,
        request: &Request<B>,
        write: impl Fn(&Report) -> String,
    ) -> Response<HealthBody> {
        let mut response = self.choose(request, write);
        // Also what HEAD would have been sent.
        let length = response.body().size_hint().exact().unwrap_or_default();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        let fresh = HeaderValue::from_static("no-store");
        headers.insert(header::CACHE_CONTROL, fresh);
        headers.insert(header::CONTENT_LENGTH, length.into());
        if request.method() == Method::HEAD {
            *response.body_mut() = HealthBody::empty();
        }
        response
    }

    fn choose<B>(
        &self,
        request: &Request<B>,
        write: impl Fn(&Report) -> String,
    ) -> Response<HealthBody> {
        let report = || self.0.report();
        let path = request.uri().path();
        let probe = path.rsplit('/').next().unwrap_or_default();
        if !PATHS
            .iter()
            .any(|known| known.trim_start_matches('/') == probe)
        {
            return answered(StatusCode::NOT_FOUND, "{ \"error\": \"no such probe\" }\n");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = answered(
                StatusCode::METHOD_NOT_ALLOWED,
                "{ \"error\": \"only GET and HEAD\" }\n",
            );
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allowed);
            return response;
        }
        match probe {
            // Alive is who answers. Looking at anything else would have a service killed for what
            // is wrong with its database.
            "livez" => answered(StatusCode::OK, "{ \"status\": \"healthy\" }\n"),
            "readyz" => {
                let report = report();
                answered(good(report.ready), write(&report))
            }
            _ => {
                let report = report();
                let up = report.status != HealthStatus::Unhealthy;
                answered(good(up), write(&report))
            }
        }
    }
}

fn good(good: bool) -> StatusCode {
    match good {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn answered(status: StatusCode, body: impl Into<Bytes>) -> Response<HealthBody> {
    let mut response = Response::new(HealthBody::new(body.into()));
    *response.status_mut() = status;
    response
}

impl<B> Service<Request<B>> for HealthService {
    type Response = Response<HealthBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(&request)))
    }
}
