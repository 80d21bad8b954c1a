//! What the requests of one method and route write to, looked up once and kept.

use std::sync::OnceLock;

use crate::catalog::{
    ApiMetrics, EndpointLabelsRef, Method, RequestLabelsRef, RouteLabels, Status,
};
use crate::context::Class;
use crate::metric::family::grown::Grown;
use crate::metric::{Counter, Histogram, MaxGauge, Row, Timestamp};

/// Everything that a request of one method and route writes to, looked up once.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) endpoint: Box<str>,
    /// What kind of work its requests are, to traces.
    pub(super) class: Class,
    pub(super) duration: Histogram,
    pub(super) longest: MaxGauge,
    pub(super) complete: Histogram,
    pub(super) request_bytes: Histogram,
    pub(super) response_bytes: Histogram,
    pub(super) last: Timestamp,
    pub(super) statuses: [OnceLock<(Status, Counter)>; 8],
}

/// The routes that were seen, by their row.
#[derive(Debug)]
pub(super) struct Routes(Grown<crate::sync::OnceLock<Route>>);

impl Routes {
    pub(super) fn new() -> Self {
        Self(Grown::new())
    }

    #[inline]
    pub(super) fn get(&self, place: u32) -> Option<&Route> {
        self.0.get(place)?.get()
    }

    #[cold]
    pub(super) fn make(
        &self,
        api: &ApiMetrics,
        row: Row<RouteLabels>,
        method: Method,
    ) -> Option<&Route> {
        let place = row.series();
        let endpoint = api.request_duration_seconds.text(row, 1)?;
        let slot = self.0.get_or_make(place, crate::sync::OnceLock::new);
        Some(slot.get_or_init(|| {
            Route {
                method,
                endpoint: endpoint.into(),
                class: Class::of_route(method, endpoint),
                duration: api.request_duration_seconds.at(row),
                longest: api.request_duration_max_seconds.at(row),
                complete: api.response_complete_seconds.at(row),
                request_bytes: api.request_body_bytes.at(row),
                response_bytes: api.response_body_bytes.at(row),
                last: api
                    .last_request_timestamp_seconds
                    .with(&EndpointLabelsRef { endpoint }),
                statuses: Default::default(),
            }
        }))
    }
}

impl Route {
    pub(super) fn count(&self, api: &ApiMetrics, status: Status) {
        for slot in &self.statuses {
            let (known, counter) = slot.get_or_init(|| (status, self.counter(api, status)));
            if *known == status {
                return counter.inc();
            }
        }
        self.counter(api, status).inc();
    }

    fn counter(&self, api: &ApiMetrics, status: Status) -> Counter {
        api.requests_total.with(&RequestLabelsRef {
            method: self.method,
            endpoint: &self.endpoint,
            status,
        })
    }
}
