//! This library, as one more contender.

use ::http::Method as HttpMethod;
use novacron_telemetry::catalog::{Method, RequestLabels, RequestLabelsRef, Status};
use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::{Counter, Family, Histogram, UpDownGauge};
use novacron_telemetry::registry::{MetricGroup, Registry};

use super::{Held, LookUp, OURS};
use crate::work::{BOUNDS, Request};

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "bench")]
struct HeldMetrics {
    /// Held, number one.
    first_total: Counter,
    /// Held, number two.
    second_total: Counter,
    /// Held, number one.
    #[metric(unit = Seconds, buckets = BOUNDS)]
    first_seconds: Histogram,
    /// Held, number two.
    #[metric(unit = Seconds, buckets = BOUNDS)]
    second_seconds: Histogram,
}

/// Held instruments.
#[derive(Debug)]
pub struct Ours {
    metrics: HeldMetrics,
    /// Handles that outlive their registry record into nothing.
    _registry: Registry,
}

impl Held for Ours {
    const NAME: &'static str = OURS;

    type Counter = Counter;
    type Histogram = Histogram;

    fn new() -> Self {
        let (metrics, _registry) = registered();
        Self { metrics, _registry }
    }

    fn counter(&self, n: usize) -> Counter {
        match n {
            0 => self.metrics.first_total,
            _ => self.metrics.second_total,
        }
    }

    fn histogram(&self, n: usize) -> Histogram {
        match n {
            0 => self.metrics.first_seconds.clone(),
            _ => self.metrics.second_seconds.clone(),
        }
    }

    #[inline]
    fn inc(counter: &Counter) {
        counter.inc();
    }

    #[inline]
    fn observe(histogram: &Histogram, seconds: f64) {
        histogram.observe(seconds);
    }
}

/// Three labels that are open: nothing is known about their values beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub(super) struct Texts {
    pub(super) method: MethodText,
    pub(super) endpoint: EndpointText,
    pub(super) status: StatusText,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 50)]
pub(super) struct MethodText(std::sync::Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 10_000)]
pub(super) struct EndpointText(std::sync::Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 600)]
pub(super) struct StatusText(std::sync::Arc<str>);

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "bench")]
struct OpenMetrics {
    /// Requests that ended.
    #[metric(joined)]
    requests_total: Family<Texts, Counter>,
    /// How long they took.
    #[metric(unit = Seconds, buckets = BOUNDS, joined)]
    request_duration_seconds: Family<Texts, Histogram>,
    /// Requests in flight.
    requests_in_flight: UpDownGauge,
}

/// Series are found by three borrowed texts.
#[derive(Debug)]
pub struct OpenLabels {
    metrics: OpenMetrics,
    _registry: Registry,
}

impl LookUp for OpenLabels {
    const NAME: &'static str = "novacron-telemetry, open labels";

    fn new() -> Self {
        let (metrics, _registry) = registered();
        Self { metrics, _registry }
    }

    #[inline]
    fn count(&self, request: &Request) {
        self.metrics.requests_total.inc(&texts(request));
    }

    #[inline]
    fn time(&self, request: &Request) {
        self.metrics
            .request_duration_seconds
            .observe(&texts(request), request.seconds);
    }

    #[inline]
    fn serve(&self, request: &Request) {
        let metrics = &self.metrics;
        metrics.requests_in_flight.inc();
        // The two families share their table, so one look-up finds both series.
        let row = metrics.requests_total.row(&texts(request));
        metrics.requests_total.at(row).inc();
        metrics
            .request_duration_seconds
            .observe_at(row, request.seconds);
        metrics.requests_in_flight.dec();
    }
}

#[inline]
fn texts(request: &Request) -> TextsRef<'_> {
    TextsRef {
        method: request.method.as_str(),
        endpoint: &request.endpoint,
        status: request.status.as_str(),
    }
}

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "bench")]
struct TypedMetrics {
    /// Requests that ended.
    #[metric(joined)]
    requests_total: Family<RequestLabels, Counter>,
    /// How long they took.
    #[metric(unit = Seconds, buckets = BOUNDS, joined)]
    request_duration_seconds: Family<RequestLabels, Histogram>,
    /// Requests in flight.
    requests_in_flight: UpDownGauge,
}

/// Series are found by the catalog's method and status and a borrowed endpoint.
#[derive(Debug)]
pub struct TypedLabels {
    metrics: TypedMetrics,
    _registry: Registry,
}

impl LookUp for TypedLabels {
    const NAME: &'static str = "novacron-telemetry, typed labels";

    fn new() -> Self {
        let (metrics, _registry) = registered();
        Self { metrics, _registry }
    }

    #[inline]
    fn count(&self, request: &Request) {
        self.metrics.requests_total.inc(&typed(request));
    }

    #[inline]
    fn time(&self, request: &Request) {
        self.metrics
            .request_duration_seconds
            .observe(&typed(request), request.seconds);
    }

    #[inline]
    fn serve(&self, request: &Request) {
        let metrics = &self.metrics;
        metrics.requests_in_flight.inc();
        let row = metrics.requests_total.row(&typed(request));
        metrics.requests_total.at(row).inc();
        metrics
            .request_duration_seconds
            .observe_at(row, request.seconds);
        metrics.requests_in_flight.dec();
    }
}

#[inline]
fn typed(request: &Request) -> RequestLabelsRef<'_> {
    RequestLabelsRef {
        method: match request.method {
            HttpMethod::GET => Method::Get,
            HttpMethod::POST => Method::Post,
            HttpMethod::PUT => Method::Put,
            HttpMethod::DELETE => Method::Delete,
            _ => Method::Other,
        },
        endpoint: &request.endpoint,
        status: Status::new(request.status.as_u16()),
    }
}

/// The handles of a group, and the registry that holds nothing else.
pub(super) fn registered<G: MetricGroup>() -> (G, Registry) {
    let registry = Registry::new();
    let metrics = registry.register().expect("the registry is empty");
    (metrics, registry)
}
