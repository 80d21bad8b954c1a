//! `prometheus`, with its plain data model.

use ::prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use super::{Held, LookUp, Page};
use crate::work::{BOUNDS, Request, page_labels};

const LABELS: [&str; 3] = ["method", "endpoint", "status"];

/// The families of the work.
#[derive(Debug)]
pub struct Prometheus {
    counters: [IntCounter; 2],
    histograms: [Histogram; 2],
    requests: IntCounterVec,
    durations: HistogramVec,
    in_flight: IntGauge,
}

impl Held for Prometheus {
    const NAME: &'static str = "prometheus";

    type Counter = IntCounter;
    type Histogram = Histogram;

    fn new() -> Self {
        let counter = |name| IntCounter::new(name, "Held.").expect("a good name");
        let histogram = |name| Histogram::with_opts(options(name)).expect("a good name");
        Self {
            counters: [counter("bench_first_total"), counter("bench_second_total")],
            histograms: [
                histogram("bench_first_seconds"),
                histogram("bench_second_seconds"),
            ],
            requests: requests(),
            durations: durations(),
            in_flight: IntGauge::new("bench_requests_in_flight", "In flight.")
                .expect("a good name"),
        }
    }

    fn counter(&self, n: usize) -> IntCounter {
        self.counters[n].clone()
    }

    fn histogram(&self, n: usize) -> Histogram {
        self.histograms[n].clone()
    }

    #[inline]
    fn inc(counter: &IntCounter) {
        counter.inc();
    }

    #[inline]
    fn observe(histogram: &Histogram, seconds: f64) {
        histogram.observe(seconds);
    }
}

impl LookUp for Prometheus {
    const NAME: &'static str = <Self as Held>::NAME;

    fn new() -> Self {
        Held::new()
    }

    #[inline]
    fn count(&self, request: &Request) {
        self.requests
            .with_label_values(&[
                request.method.as_str(),
                &request.endpoint,
                request.status.as_str(),
            ])
            .inc();
    }

    #[inline]
    fn time(&self, request: &Request) {
        self.durations
            .with_label_values(&[
                request.method.as_str(),
                &request.endpoint,
                request.status.as_str(),
            ])
            .observe(request.seconds);
    }

    #[inline]
    fn serve(&self, request: &Request) {
        self.in_flight.inc();
        self.count(request);
        self.time(request);
        self.in_flight.dec();
    }
}

/// One family and the registry it is gathered from.
#[derive(Debug)]
pub(super) struct PrometheusPage {
    registry: Registry,
}

impl Page for PrometheusPage {
    const NAME: &'static str = <Prometheus as Held>::NAME;

    fn counters(series: usize) -> Self {
        let family = requests();
        for n in 0..series {
            let (method, endpoint, status) = page_labels(n);
            family
                .with_label_values(&[method, &endpoint, status])
                .inc_by(n as u64 + 1);
        }
        Self::of(family)
    }

    fn histograms(series: usize) -> Self {
        let family = durations();
        for n in 0..series {
            let (method, endpoint, status) = page_labels(n);
            let histogram = family.with_label_values(&[method, &endpoint, status]);
            for bound in BOUNDS.iter().step_by(3) {
                histogram.observe(*bound);
            }
        }
        Self::of(family)
    }

    fn render(&self, take: &mut dyn FnMut(&[u8])) -> usize {
        let text = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("families that encode");
        take(text.as_bytes());
        text.len()
    }
}

impl PrometheusPage {
    fn of(family: impl ::prometheus::core::Collector + 'static) -> Self {
        let registry = Registry::new();
        registry
            .register(Box::new(family))
            .expect("the registry is empty");
        Self { registry }
    }
}

fn requests() -> IntCounterVec {
    IntCounterVec::new(Opts::new("bench_requests_total", "Requests."), &LABELS)
        .expect("a good name")
}

fn durations() -> HistogramVec {
    HistogramVec::new(options("bench_request_duration_seconds"), &LABELS).expect("a good name")
}

fn options(name: &str) -> HistogramOpts {
    HistogramOpts::new(name, "Durations.").buckets(BOUNDS.to_vec())
}
