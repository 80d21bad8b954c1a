//! What an API request writes when it begins, when its head is sent, and when it ends.

use super::clock::Moment;
use super::current::Frame;
use super::route::Route;
use super::span::{SpanEnd, observe};
use super::{Failure, Recorder};
use crate::catalog::{
    ApiError, EndpointLabelsRef, Method, MethodLabels, RequestErrorLabelsRef, RouteLabels,
    RouteLabelsRef, Status,
};
use crate::context::{Class, FinishedSpan, Span, SpanKind, TraceContext};
use crate::metric::{Row, UpDownGauge};

/// The endpoint of requests that no route matched.
pub const UNMATCHED: &str = "UNMATCHED";

/// An API request that was begun and not ended.
///
/// It writes nothing by itself when it is dropped: its owner, a layer or an attribute, knows how
/// requests end and says so.
#[derive(Debug)]
pub(crate) struct ApiRequest {
    frame: Frame,
    span: Span,
    method: Method,
    row: Row<RouteLabels>,
    begun: Moment,
    in_flight: UpDownGauge,
    /// Whether the time to the head was observed; then the time to the end will be.
    timed: bool,
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApiEnd {
    pub(crate) status: Status,
    pub(crate) error_type: Option<ApiError>,
    pub(crate) how: How,
    /// Sizes of the bodies, if they were measured.
    pub(crate) bytes: Option<Bytes>,
}

/// What ended a request, beside its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Answered,
    ClientLeft,
    Panicked,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bytes {
    /// Unknown if the client did not say and nobody counted.
    pub(crate) request: Option<u64>,
    pub(crate) response: u64,
}

impl ApiEnd {
    /// The end that a response of this status is.
    pub(crate) fn answered(status: Status) -> Self {
        Self {
            status,
            error_type: ApiError::of_status(status),
            how: How::Answered,
            bytes: None,
        }
    }

    pub(crate) fn client_left() -> Self {
        Self {
            status: Status::CLIENT_CLOSED,
            error_type: Some(ApiError::ClientClosed),
            how: How::ClientLeft,
            bytes: None,
        }
    }

    pub(crate) fn panicked() -> Self {
        Self {
            status: Status::INTERNAL,
            error_type: Some(ApiError::Panic),
            how: How::Panicked,
            bytes: None,
        }
    }

    pub(crate) fn timed_out() -> Self {
        Self::answered(Status::TIMED_OUT)
    }

    pub(crate) fn failed(failure: Failure) -> Self {
        Self {
            error_type: Some(failure.error_type),
            ..Self::answered(failure.status)
        }
    }
}

impl Recorder {
    /// Begins a request: it is in flight from now on.
    #[inline]
    pub(crate) fn begin_api_request(self, method: Method, endpoint: &str) -> ApiRequest {
        let row = self.api_route(method, endpoint);
        self.begin_api_request_at(method, row, None)
    }

    /// Begins a request whose route was looked up before, and whose client may have said which
    /// trace it is part of.
    #[inline]
    pub(crate) fn begin_api_request_at(
        self,
        method: Method,
        row: Row<RouteLabels>,
        parent: Option<TraceContext>,
    ) -> ApiRequest {
        let in_flight = self
            .catalog()
            .api
            .requests_in_flight
            .with(&MethodLabels { method });
        in_flight.inc();
        let mut frame = Frame::inherit(self, |owned| owned.api = true);
        if parent.is_some() {
            frame.trace = parent;
        }
        let span = frame.begin_span(|recorder| recorder.class_of_route(method, row));
        ApiRequest {
            frame,
            span,
            method,
            row,
            begun: Moment::now(),
            in_flight,
            timed: false,
        }
    }

    /// The row of a route, for [`begin_api_request_at`](Self::begin_api_request_at).
    pub(crate) fn api_route(&self, method: Method, endpoint: &str) -> Row<RouteLabels> {
        let api = &self.catalog().api;
        api.request_duration_seconds
            .row(&RouteLabelsRef { method, endpoint })
    }

    #[inline]
    fn class_of_route(&self, method: Method, row: Row<RouteLabels>) -> Class {
        if let Some(route) = self.api_routes().get(row.series()) {
            return route.class;
        }
        let template = self.catalog().api.request_duration_seconds.text(row, 1);
        Class::of_route(method, template.unwrap_or_default())
    }

    /// Shows a route's series from now on, at 0: the first error must be an increase.
    pub(crate) fn declare_api_route(&self, method: Method, endpoint: &str) {
        let api = &self.catalog().api;
        let route = RouteLabelsRef { method, endpoint };
        let by_endpoint = EndpointLabelsRef { endpoint };
        api.request_duration_seconds.touch(&route);
        api.response_complete_seconds.touch(&route);
        api.request_body_bytes.touch(&route);
        api.response_body_bytes.touch(&route);
        api.slow_requests_total.touch(&route);
        api.timeouts_total.touch(&route);
        api.panics_total.touch(&by_endpoint);
        api.client_disconnects_total.touch(&by_endpoint);
        api.rate_limited_total.touch(&by_endpoint);
        api.validation_failures_total.touch(&by_endpoint);
        for error_type in ApiError::ALL {
            api.errors_total.touch(&RequestErrorLabelsRef {
                method,
                endpoint,
                error_type: *error_type,
            });
        }
    }

    #[cfg(feature = "http")]
    /// Shows calls to a deprecated route from now on, at 0.
    pub(crate) fn deprecate_api_route(&self, endpoint: &str) {
        let by_endpoint = EndpointLabelsRef { endpoint };
        self.catalog()
            .api
            .deprecated_requests_total
            .touch(&by_endpoint);
    }

    #[cfg(feature = "http")]
    /// Counts a call to a deprecated route.
    pub(crate) fn deprecated_api_request(&self, endpoint: &str) {
        let by_endpoint = EndpointLabelsRef { endpoint };
        self.catalog()
            .api
            .deprecated_requests_total
            .inc(&by_endpoint);
    }

    /// Records a request that began and ended elsewhere.
    pub(super) fn finished_api_request(
        &self,
        method: Method,
        endpoint: &str,
        duration: f64,
        end: &ApiEnd,
    ) {
        let row = self.api_route(method, endpoint);
        if let Some(route) = self.route(row, method) {
            route.duration.observe(duration);
            if duration >= 0.0 && duration.is_finite() {
                route.longest.observe(duration);
            }
            self.write_api_end(route, Moment::now(), end);
            if duration > self.settings().slow_request.as_secs_f64() {
                self.count_slow(route);
            }
        }
    }

    #[inline]
    fn route(&self, row: Row<RouteLabels>, method: Method) -> Option<&Route> {
        match self.api_routes().get(row.series()) {
            Some(route) => Some(route),
            None => self.make_route(row, method),
        }
    }

    #[cold]
    #[inline(never)]
    fn make_route(&self, row: Row<RouteLabels>, method: Method) -> Option<&Route> {
        let route = self.api_routes().make(&self.catalog().api, row, method)?;
        self.saw_route(method, &route.endpoint);
        Some(route)
    }

    fn count_slow(&self, route: &Route) {
        self.catalog().api.slow_requests_total.inc(&RouteLabelsRef {
            method: route.method,
            endpoint: &route.endpoint,
        });
    }

    /// What every end writes; what only failures write is apart, because it is rare.
    #[inline]
    fn write_api_end(&self, route: &Route, now: Moment, end: &ApiEnd) {
        let api = &self.catalog().api;
        route.count(api, end.status);
        route.last.set(now.unix_seconds());
        if end.error_type.is_some() || end.how != How::Answered {
            self.write_api_error(route, end);
        }
    }

    #[cold]
    #[inline(never)]
    fn write_api_error(&self, route: &Route, end: &ApiEnd) {
        let api = &self.catalog().api;
        let (method, endpoint) = (route.method, &*route.endpoint);
        let by_endpoint = EndpointLabelsRef { endpoint };
        if let Some(error_type) = end.error_type {
            api.errors_total.inc(&RequestErrorLabelsRef {
                method,
                endpoint,
                error_type,
            });
            if error_type == ApiError::RateLimited {
                api.rate_limited_total.inc(&by_endpoint);
            }
        }
        // Whoever ran out of time said so by one of these, and also when the client did not wait.
        if matches!(end.status.code(), 408 | 504) {
            api.timeouts_total.inc(&RouteLabelsRef { method, endpoint });
        }
        match end.how {
            How::Answered => {}
            How::ClientLeft => api.client_disconnects_total.inc(&by_endpoint),
            How::Panicked => api.panics_total.inc(&by_endpoint),
        }
    }
}

impl ApiRequest {
    /// What is carried around each poll of the work.
    pub(crate) fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    #[cfg(feature = "http")]
    /// Why the work failed, if an attribute inside said so.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.frame.failure
    }

    #[cfg(feature = "http")]
    /// The route, for whoever writes about the request.
    pub(crate) fn endpoint(&self) -> Option<Box<str>> {
        let recorder = self.frame.recorder.as_ref()?;
        let route = recorder.route(self.row, self.method)?;
        Some(route.endpoint.clone())
    }

    #[cfg(feature = "http")]
    /// The time since it began.
    pub(crate) fn elapsed(&self) -> std::time::Duration {
        Moment::now().since(self.begun)
    }

    /// The head of the response is on its way: observes the time to it.
    #[cfg(feature = "http")]
    pub(crate) fn head(&mut self) {
        self.head_at(Moment::now());
    }

    /// The whole of it is over: its head is its end, and the clock is read once for both.
    pub(super) fn end_at_once(mut self, end: &ApiEnd) {
        let now = Moment::now();
        self.head_at(now);
        self.end_at(end, now);
    }

    fn head_at(&mut self, now: Moment) {
        let Some(recorder) = &self.frame.recorder else {
            return;
        };
        let elapsed = now.since(self.begun);
        if let Some(route) = recorder.route(self.row, self.method) {
            let slow = elapsed > recorder.settings().slow_request;
            let rescued = slow && self.span.is_watched();
            observe(&route.duration, elapsed, self.frame.trace.as_ref(), rescued);
            route.longest.observe(elapsed.as_secs_f64());
            if slow {
                recorder.count_slow(route);
            }
            self.timed = true;
        }
    }

    /// The request ended.
    pub(crate) fn end(self, end: &ApiEnd) {
        self.end_at(end, Moment::now());
    }

    fn end_at(self, end: &ApiEnd, now: Moment) {
        let Self {
            frame,
            span,
            method,
            row,
            begun,
            in_flight,
            timed,
        } = &self;
        if let Some(recorder) = &frame.recorder
            && let Some(route) = recorder.route(*row, *method)
        {
            let (elapsed, trace) = (now.since(*begun), frame.trace.as_ref());
            // How long an open stream stays is no slowness.
            let slow = *timed && elapsed > recorder.settings().slow_request;
            let ended = end.for_span();
            let rescue = ended.rescue(slow);
            if *timed {
                let rescued = rescue.is_some() && span.is_watched();
                observe(&route.complete, elapsed, trace, rescued);
            }
            recorder
                .tracer()
                .end(*span, trace, (*begun, now), rescue, |span| {
                    route.describe(end.status, span);
                    ended.tell(span);
                });
            if let Some(Bytes { request, response }) = end.bytes {
                if let Some(request) = request {
                    route.request_bytes.observe(request as f64);
                }
                route.response_bytes.observe(response as f64);
            }
            recorder.write_api_end(route, now, end);
        }
        // Last: whoever reads the end of the request has also read what it wrote.
        in_flight.dec();
    }
}

impl ApiEnd {
    fn for_span(&self) -> SpanEnd {
        let error_type = self.error_type.map(ApiError::as_str);
        match (self.how, error_type) {
            (How::ClientLeft, _) => SpanEnd::Cancelled,
            (How::Panicked, _) => SpanEnd::Panicked,
            (How::Answered, None) => SpanEnd::Success,
            (How::Answered, Some(error_type)) => match self.status.code() {
                408 | 504 => SpanEnd::TimedOut,
                400..500 => SpanEnd::Refused(error_type),
                _ => SpanEnd::Failed(error_type),
            },
        }
    }
}

impl Route {
    /// What the span of a request says about it.
    fn describe(&self, status: Status, span: &mut FinishedSpan) {
        let (method, endpoint) = (self.method.as_str(), &*self.endpoint);
        span.kind = SpanKind::Server;
        span.name = format!("{method} {endpoint}").into();
        span.set("http.request.method", method);
        span.set("http.route", endpoint.to_owned());
        span.set("http.response.status_code", i64::from(status.code()));
    }
}
