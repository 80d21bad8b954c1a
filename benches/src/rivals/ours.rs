//! This library, as one more contender.

use ::http::Method as HttpMethod;
use novacron_telemetry::catalog::{Catalog, Method, RequestLabels, RequestLabelsRef, Status};
use novacron_telemetry::expose::Format;
use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::{Counter, Family, Histogram, UpDownGauge};
use novacron_telemetry::record::{Recorder, Settings, record_api_request};
use novacron_telemetry::registry::{Groups, MetricGroup, Registry};

use super::{Held, LookUp, OURS, Page};
use crate::measure::Contender;
use crate::work::{BOUNDS, Request, Work, page_labels};

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
struct Texts {
    method: MethodText,
    endpoint: EndpointText,
    status: StatusText,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 50)]
struct MethodText(std::sync::Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 10_000)]
struct EndpointText(std::sync::Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 600)]
struct StatusText(std::sync::Arc<str>);

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

/// A recorder of the whole catalog as it is by default, and its registry.
///
/// # Panics
///
/// Never: nothing else is in the registry.
#[must_use]
pub fn recorder() -> (Recorder, Registry) {
    recorder_of(Groups::CORE)
}

/// As [`recorder`], with these groups.
///
/// # Panics
///
/// Never: nothing else is in the registry.
#[must_use]
pub fn recorder_of(groups: Groups) -> (Recorder, Registry) {
    let registry = Registry::new();
    let catalog = Catalog::register(&registry, groups).expect("the registry is empty");
    (Recorder::new(catalog, Settings::default()), registry)
}

/// The verb for an API request, which writes every family of requests that is on by default; one
/// of them is a timestamp, so unlike its neighbours it reads a clock.
#[must_use]
pub fn verb(work: Work) -> Contender<'static> {
    let (recorder, registry) = recorder();
    let mut at = 0;
    Contender::new(
        "novacron-telemetry, verb (every default family)",
        move |n| {
            let _alive = &registry;
            recorder.in_scope(|| {
                for _ in 0..n {
                    let request = std::hint::black_box(work.request(at));
                    record_api_request(
                        request.method.as_str(),
                        &request.endpoint,
                        request.status.as_u16(),
                        request.seconds,
                    );
                    at += 1;
                }
            });
        },
    )
}

/// The handles of a group, and the registry that holds nothing else.
fn registered<G: MetricGroup>() -> (G, Registry) {
    let registry = Registry::new();
    let metrics = registry.register().expect("the registry is empty");
    (metrics, registry)
}

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "bench")]
struct CounterMetrics {
    /// Requests.
    requests_total: Family<Texts, Counter>,
}

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "bench")]
struct HistogramMetrics {
    /// Durations.
    #[metric(unit = Seconds, buckets = BOUNDS)]
    request_duration_seconds: Family<Texts, Histogram>,
}

/// One family and its registry.
#[derive(Debug)]
pub(super) struct OursPage {
    registry: Registry,
}

impl Page for OursPage {
    const NAME: &'static str = OURS;

    fn counters(series: usize) -> Self {
        let (metrics, registry): (CounterMetrics, _) = registered();
        for n in 0..series {
            let (method, endpoint, status) = page_labels(n);
            let labels = TextsRef {
                method,
                endpoint: &endpoint,
                status,
            };
            metrics.requests_total.inc_by(&labels, n as u64 + 1);
        }
        Self { registry }
    }

    fn histograms(series: usize) -> Self {
        let (metrics, registry): (HistogramMetrics, _) = registered();
        for n in 0..series {
            let (method, endpoint, status) = page_labels(n);
            let labels = TextsRef {
                method,
                endpoint: &endpoint,
                status,
            };
            for bound in BOUNDS.iter().step_by(3) {
                metrics.request_duration_seconds.observe(&labels, *bound);
            }
        }
        Self { registry }
    }

    fn render(&self, take: &mut dyn FnMut(&[u8])) -> usize {
        // As the exposer serves it: a chunk is handed on and gone before the next one is made.
        let chunks = self.registry.chunks(Format::Text);
        chunks.fold(0, |bytes, chunk| {
            take(&chunk);
            bytes + chunk.len()
        })
    }
}
