//! `prometheus-client`.

use ::http::Method;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use super::{Held, LookUp, Page};
use crate::work::{BOUNDS, Request, page_labels};

/// The families of the work.
#[derive(Debug)]
pub struct Client {
    counters: [Counter; 2],
    histograms: [Histogram; 2],
    requests: Requests,
    durations: Durations,
    in_flight: Gauge,
}

type Requests = Family<Labels, Counter>;
type Durations = Family<Labels, Histogram, fn() -> Histogram>;

/// A look-up takes a reference to the whole struct, so the endpoint has to be owned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: Verb,
    endpoint: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(
    clippy::upper_case_acronyms,
    reason = "the variant's name is the text that is rendered"
)]
enum Verb {
    GET,
    POST,
    PUT,
    DELETE,
    OTHER,
}

impl Labels {
    #[inline]
    fn of(request: &Request) -> Self {
        Self {
            method: match request.method {
                Method::GET => Verb::GET,
                Method::POST => Verb::POST,
                Method::PUT => Verb::PUT,
                Method::DELETE => Verb::DELETE,
                _ => Verb::OTHER,
            },
            endpoint: request.endpoint.clone(),
            status: request.status.as_u16(),
        }
    }

    fn of_page(n: usize) -> Self {
        let (method, endpoint, status) = page_labels(n);
        Self {
            method: match method {
                "GET" => Verb::GET,
                "POST" => Verb::POST,
                "PUT" => Verb::PUT,
                _ => Verb::DELETE,
            },
            endpoint,
            status: status.parse().expect("a number"),
        }
    }
}

impl Held for Client {
    const NAME: &'static str = "prometheus-client";

    type Counter = Counter;
    type Histogram = Histogram;

    fn new() -> Self {
        Self {
            counters: Default::default(),
            histograms: [histogram(), histogram()],
            requests: Family::default(),
            durations: Family::new_with_constructor(histogram),
            in_flight: Gauge::default(),
        }
    }

    fn counter(&self, n: usize) -> Counter {
        self.counters[n].clone()
    }

    fn histogram(&self, n: usize) -> Histogram {
        self.histograms[n].clone()
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

impl LookUp for Client {
    const NAME: &'static str = <Self as Held>::NAME;

    fn new() -> Self {
        Held::new()
    }

    #[inline]
    fn count(&self, request: &Request) {
        self.requests.get_or_create(&Labels::of(request)).inc();
    }

    #[inline]
    fn time(&self, request: &Request) {
        self.durations
            .get_or_create(&Labels::of(request))
            .observe(request.seconds);
    }

    #[inline]
    fn serve(&self, request: &Request) {
        self.in_flight.inc();
        // One key for both look-ups: the owned endpoint is the dearest part of it.
        let labels = Labels::of(request);
        self.requests.get_or_create(&labels).inc();
        self.durations
            .get_or_create(&labels)
            .observe(request.seconds);
        self.in_flight.dec();
    }
}

/// One family and the registry it is encoded from.
#[derive(Debug)]
pub(super) struct ClientPage {
    registry: Registry,
}

impl Page for ClientPage {
    const NAME: &'static str = <Client as Held>::NAME;

    fn counters(series: usize) -> Self {
        let family = Requests::default();
        for n in 0..series {
            family
                .get_or_create(&Labels::of_page(n))
                .inc_by(n as u64 + 1);
        }
        // The encoder itself puts `_total` after the name.
        Self::of("bench_requests", "Requests", family)
    }

    fn histograms(series: usize) -> Self {
        let family = Durations::new_with_constructor(histogram);
        for n in 0..series {
            let one = family.get_or_create(&Labels::of_page(n));
            for bound in BOUNDS.iter().step_by(3) {
                one.observe(*bound);
            }
        }
        Self::of("bench_request_duration_seconds", "Durations", family)
    }

    fn render(&self, take: &mut dyn FnMut(&[u8])) -> usize {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("a String takes everything");
        take(text.as_bytes());
        text.len()
    }
}

impl ClientPage {
    fn of(name: &str, help: &str, family: impl Metric) -> Self {
        let mut registry = Registry::default();
        registry.register(name, help, family);
        Self { registry }
    }
}

fn histogram() -> Histogram {
    Histogram::new(BOUNDS.iter().copied())
}
