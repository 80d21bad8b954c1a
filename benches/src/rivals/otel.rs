//! The OpenTelemetry SDK with `opentelemetry-prometheus`.

use ::prometheus::{Registry, TextEncoder};
use opentelemetry::metrics::{Counter, Histogram, MeterProvider as _, UpDownCounter};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::metrics::{Instrument, SdkMeterProvider, Stream};

use super::{Held, LookUp, Page};
use crate::work::{BOUNDS, Request, method_text, page_labels};

/// The instruments of the work.
#[derive(Debug)]
pub struct Otel {
    provider: SdkMeterProvider,
    requests: Counter<u64>,
    durations: Histogram<f64>,
    in_flight: UpDownCounter<i64>,
}

impl Otel {
    /// The meter that a middleware is given.
    #[must_use]
    pub fn meter(&self) -> opentelemetry::metrics::Meter {
        self.provider.meter("bench")
    }
}

impl Held for Otel {
    const NAME: &'static str = "opentelemetry";

    type Counter = Counter<u64>;
    type Histogram = Histogram<f64>;

    fn new() -> Self {
        let (provider, _) = provider(2_000);
        let meter = provider.meter("bench");
        Self {
            requests: meter.u64_counter("bench_requests").build(),
            durations: meter
                .f64_histogram("bench_request_duration_seconds")
                .with_boundaries(BOUNDS.to_vec())
                .build(),
            in_flight: meter
                .i64_up_down_counter("bench_requests_in_flight")
                .build(),
            provider,
        }
    }

    fn counter(&self, n: usize) -> Counter<u64> {
        let name = ["bench_first", "bench_second"][n];
        self.meter().u64_counter(name).build()
    }

    fn histogram(&self, n: usize) -> Histogram<f64> {
        let name = ["bench_first_seconds", "bench_second_seconds"][n];
        self.meter()
            .f64_histogram(name)
            .with_boundaries(BOUNDS.to_vec())
            .build()
    }

    #[inline]
    fn inc(counter: &Counter<u64>) {
        counter.add(1, &[]);
    }

    #[inline]
    fn observe(histogram: &Histogram<f64>, seconds: f64) {
        histogram.record(seconds, &[]);
    }
}

impl LookUp for Otel {
    const NAME: &'static str = <Self as Held>::NAME;

    fn new() -> Self {
        Held::new()
    }

    #[inline]
    fn count(&self, request: &Request) {
        self.requests.add(1, &attributes(request));
    }

    #[inline]
    fn time(&self, request: &Request) {
        self.durations.record(request.seconds, &attributes(request));
    }

    #[inline]
    fn serve(&self, request: &Request) {
        self.in_flight.add(1, &[]);
        let attributes = attributes(request);
        self.requests.add(1, &attributes);
        self.durations.record(request.seconds, &attributes);
        self.in_flight.add(-1, &[]);
    }
}

#[inline]
fn attributes(request: &Request) -> [KeyValue; 3] {
    [
        KeyValue::new("method", method_text(&request.method)),
        KeyValue::new("endpoint", request.endpoint.clone()),
        KeyValue::new("status", i64::from(request.status.as_u16())),
    ]
}

/// One instrument and the registry its exporter writes to.
#[derive(Debug)]
pub(super) struct OtelPage {
    registry: Registry,
    /// The registry holds the exporter's reader only weakly.
    _provider: SdkMeterProvider,
}

impl Page for OtelPage {
    const NAME: &'static str = <Otel as Held>::NAME;

    fn counters(series: usize) -> Self {
        let (provider, registry) = provider(series + 1);
        let counter = provider
            .meter("bench")
            .u64_counter("bench_requests")
            .build();
        for n in 0..series {
            counter.add(n as u64 + 1, &page_attributes(n));
        }
        Self {
            registry,
            _provider: provider,
        }
    }

    fn histograms(series: usize) -> Self {
        let (provider, registry) = provider(series + 1);
        let histogram = provider
            .meter("bench")
            .f64_histogram("bench_request_duration_seconds")
            .with_boundaries(BOUNDS.to_vec())
            .build();
        for n in 0..series {
            for bound in BOUNDS.iter().step_by(3) {
                histogram.record(*bound, &page_attributes(n));
            }
        }
        Self {
            registry,
            _provider: provider,
        }
    }

    fn render(&self, take: &mut dyn FnMut(&[u8])) -> usize {
        let text = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("families that encode");
        take(text.as_bytes());
        text.len()
    }
}

fn page_attributes(n: usize) -> [KeyValue; 3] {
    let (method, endpoint, status) = page_labels(n);
    [
        KeyValue::new("method", method),
        KeyValue::new("endpoint", Value::from(endpoint)),
        KeyValue::new("status", status),
    ]
}

/// A provider that keeps up to `series` series of each instrument, and the registry it is read by.
fn provider(series: usize) -> (SdkMeterProvider, Registry) {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .build()
        .expect("the registry is empty");
    let provider = SdkMeterProvider::builder()
        .with_reader(exporter)
        .with_view(move |_: &Instrument| {
            Stream::builder()
                .with_cardinality_limit(series)
                .build()
                .ok()
        })
        .build();
    (provider, registry)
}
