//! This library, as one more contender.

use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::{Counter, Family, Histogram, UpDownGauge};
use novacron_telemetry::registry::{MetricGroup, Registry};

use super::{OURS, Recorder};
use crate::work::{BOUNDS, Request};

/// Three open labels: nothing about their values is known beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct OpenLabels {
    method: MethodText,
    endpoint: Endpoint,
    status: StatusText,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 50)]
struct MethodText(std::sync::Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 10_000)]
struct Endpoint(std::sync::Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 600)]
struct StatusText(std::sync::Arc<str>);

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "bench")]
struct BenchMetrics {
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
    /// Requests that ended.
    #[metric(joined)]
    requests_total: Family<OpenLabels, Counter>,
    /// How long they took.
    #[metric(unit = Seconds, buckets = BOUNDS, joined)]
    request_duration_seconds: Family<OpenLabels, Histogram>,
    /// Requests in flight.
    requests_in_flight: UpDownGauge,
}

/// Three open labels, looked up by borrowed texts.
#[derive(Debug)]
pub struct Ours {
    metrics: BenchMetrics,
    /// Handles that outlive their registry record into nothing.
    _registry: Registry,
}

impl Recorder for Ours {
    const NAME: &'static str = OURS;

    type Counter = Counter;
    type Histogram = Histogram;

    fn new() -> Self {
        let registry = Registry::new();
        Self {
            metrics: registry.register().expect("the registry is empty"),
            _registry: registry,
        }
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

    #[inline]
    fn count(&self, request: &Request) {
        self.metrics.requests_total.inc(&labels(request));
    }

    #[inline]
    fn time(&self, request: &Request) {
        self.metrics
            .request_duration_seconds
            .observe(&labels(request), request.seconds);
    }

    #[inline]
    fn serve(&self, request: &Request) {
        let metrics = &self.metrics;
        metrics.requests_in_flight.inc();
        // The two families share their table, so one look-up finds both series.
        let row = metrics.requests_total.row(&labels(request));
        metrics.requests_total.at(row).inc();
        metrics.request_duration_seconds.observe_at(row, request.seconds);
        metrics.requests_in_flight.dec();
    }
}

#[inline]
fn labels(request: &Request) -> OpenLabelsRef<'_> {
    OpenLabelsRef {
        method: request.method.as_str(),
        endpoint: &request.endpoint,
        status: request.status.as_str(),
    }
}
