//! What is served where, and to whom.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use tokio::time::sleep;

use super::super::{BearerAuth, MetricsService};
use super::body::AnyBody;
use super::gate::Gate;
use super::io::Seen;
use super::phase::{Answering, Phase, Step};
#[cfg(feature = "health")]
use crate::health::HealthService;

/// What a listener serves.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) metrics: MetricsService,
    #[cfg(feature = "health")]
    pub(super) health: Option<HealthService>,
    pub(super) auth: Option<BearerAuth>,
    pub(super) protect_health: bool,
    pub(super) prefix: String,
    pub(super) index: bool,
    pub(super) gate: Gate,
}

/// Whose request it is.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) source: IpAddr,
    pub(super) phase: Phase,
    pub(super) seen: Seen,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Metrics,
    Health,
    Index,
    Nothing,
}

/// A body that is shorter is left unread; a longer one is not even waited for.
const LONGEST_BODY: u64 = 8192;
/// How long a scrape waits for one of those before it.
const PATIENCE: Duration = Duration::from_millis(250);

impl Site {
    /// The answer to one request.
    pub(super) async fn answer<B>(
        self: Arc<Self>,
        caller: Caller,
        request: Request<B>,
    ) -> Response<AnyBody> {
        let answering = Answering::begin(&caller.phase, Step::Answering);
        let fault = fault(&request, &caller.seen);
        let mut response = match fault {
            Some((status, why)) => text(status, why),
            None => self.choose(&caller, &answering, &request).await,
        };
        let last = fault.is_some()
            || has_body(&request)
            || caller.phase.is_old(self.gate.limits())
            || matches!(
                response.status(),
                StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS
            );
        let headers = response.headers_mut();
        if last {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        response.body_mut().answers(answering);
        response
    }

    async fn choose<B>(
        &self,
        caller: &Caller,
        answering: &Answering,
        request: &Request<B>,
    ) -> Response<AnyBody> {
        let target = self.target(request.uri().path());
        let guarded = match target {
            Target::Metrics | Target::Health => self.auth.as_ref(),
            Target::Index | Target::Nothing => None,
        };
        if let Some(auth) = guarded {
            let anonymous = !request.headers().contains_key(header::AUTHORIZATION);
            if target == Target::Health && anonymous && !self.protect_health {
                return self.probe(request, false);
            }
            // Before anything that is shared with others: who may not scrape takes no place from
            // those who may.
            if let Err(denial) = auth.check_from(request.headers(), Some(caller.source)) {
                if !denial.held.is_zero() {
                    answering.enter(Step::Held);
                    sleep(denial.held).await;
                }
                return auth.refuse(denial);
            }
        }
        match target {
            Target::Metrics => self.scrape(answering, request).await,
            Target::Health => self.probe(request, true),
            Target::Index => self.links(request.method()),
            Target::Nothing => text(StatusCode::NOT_FOUND, "nothing is here\n"),
        }
    }

    /// Paths are compared as they were sent: what a server in front would read differently, such as
    /// `//metrics` or `/%6detrics`, leads nowhere.
    fn target(&self, path: &str) -> Target {
        match path.strip_prefix(&*self.prefix) {
            Some("/metrics") => Target::Metrics,
            #[cfg(feature = "health")]
            Some("/health" | "/healthz" | "/livez" | "/readyz") if self.health.is_some() => {
                Target::Health
            }
            Some("/") if self.index => Target::Index,
            _ => Target::Nothing,
        }
    }

    async fn scrape<B>(&self, answering: &Answering, request: &Request<B>) -> Response<AnyBody> {
        if !self.metrics.has_room() {
            answering.enter(Step::Waiting);
            let begun = Instant::now();
            while !self.metrics.has_room() && begun.elapsed() < PATIENCE {
                // Somebody who does not read makes room for somebody who may.
                let pause = match self.gate.evict_stalled() {
                    true => Duration::from_millis(1),
                    false => Duration::from_millis(10),
                };
                sleep(pause).await;
            }
            answering.enter(Step::Answering);
        }
        self.metrics.answer(request).map(AnyBody::from)
    }

    #[cfg(feature = "health")]
    fn probe<B>(&self, request: &Request<B>, details: bool) -> Response<AnyBody> {
        match &self.health {
            Some(health) if details => health.answer(request).map(AnyBody::from),
            Some(health) => health.answer_in_short(request).map(AnyBody::from),
            None => text(StatusCode::NOT_FOUND, "nothing is here\n"),
        }
    }

    #[cfg(not(feature = "health"))]
    #[expect(clippy::unused_self, reason = "its twin asks the service's health")]
    fn probe<B>(&self, _: &Request<B>, _: bool) -> Response<AnyBody> {
        text(StatusCode::NOT_FOUND, "nothing is here\n")
    }

    fn links(&self, method: &Method) -> Response<AnyBody> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allowed);
            return response;
        }
        // Relative, so that they lead to the right place behind whatever is in front.
        let mut page = String::from(
            "<!DOCTYPE html>\n<html lang=\"en\"><title>NovaCron</title>\n\
             <p><a href=\"metrics\">metrics</a>\n",
        );
        if self.target(&format!("{}/health", self.prefix)) == Target::Health {
            page.push_str(
                "<p><a href=\"health\">health</a>, <a href=\"livez\">livez</a>, \
                 <a href=\"readyz\">readyz</a>\n",
            );
        }
        let length = page.len();
        let body = match *method {
            Method::HEAD => AnyBody::default(),
            _ => AnyBody::text(page),
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(header::CONTENT_LENGTH, length.into());
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'"),
        );
        response
    }
}

/// What two servers in a row could read differently, or what nobody means who scrapes.
fn fault<B>(request: &Request<B>, seen: &Seen) -> Option<(StatusCode, &'static str)> {
    let bad = |why| Some((StatusCode::BAD_REQUEST, why));
    let headers = request.headers();
    let count = |name: HeaderName| headers.get_all(name).iter().count();
    if seen.bare_newline() {
        return bad("lines end with a carriage return and a newline\n");
    }
    if headers.contains_key(header::TRANSFER_ENCODING) || count(header::CONTENT_LENGTH) > 1 {
        return bad("no such bodies\n");
    }
    if request.uri().authority().is_some() || request.uri().scheme().is_some() {
        return bad("this is no proxy\n");
    }
    let hosts = count(header::HOST);
    if hosts > 1 || hosts == 0 && request.version() == Version::HTTP_11 {
        return bad("one Host header\n");
    }
    if body_length(request) > LONGEST_BODY {
        return Some((StatusCode::PAYLOAD_TOO_LARGE, "no bodies\n"));
    }
    None
}

fn body_length<B>(request: &Request<B>) -> u64 {
    let value = request.headers().get(header::CONTENT_LENGTH);
    value.map_or(0, |value| {
        let length = value.to_str().ok().and_then(|text| text.parse().ok());
        length.unwrap_or(u64::MAX)
    })
}

fn has_body<B>(request: &Request<B>) -> bool {
    body_length(request) > 0
}

fn text(status: StatusCode, text: &'static str) -> Response<AnyBody> {
    let mut response = Response::new(AnyBody::text(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(header::CONTENT_LENGTH, text.len().into());
    response
}
