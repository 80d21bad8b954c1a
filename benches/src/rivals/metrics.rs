//! `metrics` with `metrics-exporter-prometheus`.

#![expect(
    clippy::disallowed_macros,
    reason = "this is what the macros cost; nothing here is part of the catalog"
)]

use std::sync::OnceLock;

use ::metrics::{
    Counter, Histogram, Key, Label, Level, Metadata, Recorder as _, counter, gauge, histogram,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::{Held, LookUp, Page};
use crate::work::{BOUNDS, Request, method_text, page_labels};

/// Records through the macros and the recorder of the process, as its users do.
#[derive(Debug)]
pub struct Metrics {
    in_flight: ::metrics::Gauge,
}

/// Installs the exporter as the recorder of this process, once.
///
/// Its samples of histograms pile up until somebody renders or calls for upkeep; the handle is for
/// that.
pub(super) fn installed() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        builder()
            .install_recorder()
            .expect("nothing else installs a recorder")
    })
}

impl Held for Metrics {
    const NAME: &'static str = "metrics";

    type Counter = Counter;
    type Histogram = Histogram;

    fn new() -> Self {
        installed();
        Self {
            in_flight: gauge!("bench_requests_in_flight"),
        }
    }

    fn counter(&self, n: usize) -> Counter {
        match n {
            0 => counter!("bench_first_total"),
            _ => counter!("bench_second_total"),
        }
    }

    fn histogram(&self, n: usize) -> Histogram {
        match n {
            0 => histogram!("bench_first_seconds"),
            _ => histogram!("bench_second_seconds"),
        }
    }

    #[inline]
    fn inc(counter: &Counter) {
        counter.increment(1);
    }

    #[inline]
    fn observe(histogram: &Histogram, seconds: f64) {
        histogram.record(seconds);
    }

    fn tidy() {
        <Self as LookUp>::tidy();
    }
}

impl LookUp for Metrics {
    const NAME: &'static str = <Self as Held>::NAME;

    fn new() -> Self {
        Held::new()
    }

    #[inline]
    fn count(&self, request: &Request) {
        counter!(
            "bench_requests_total",
            "method" => method_text(&request.method),
            "endpoint" => request.endpoint.clone(),
            "status" => request.status.as_str().to_owned(),
        )
        .increment(1);
    }

    #[inline]
    fn time(&self, request: &Request) {
        histogram!(
            "bench_request_duration_seconds",
            "method" => method_text(&request.method),
            "endpoint" => request.endpoint.clone(),
            "status" => request.status.as_str().to_owned(),
        )
        .record(request.seconds);
    }

    #[inline]
    fn serve(&self, request: &Request) {
        self.in_flight.increment(1.0);
        self.count(request);
        self.time(request);
        self.in_flight.decrement(1.0);
    }

    /// Samples of histograms pile up until somebody moves them into buckets: a thread of the
    /// exporter does it every few seconds.
    fn tidy() {
        installed().run_upkeep();
    }
}

/// A recorder of its own, so that a page holds nothing else.
#[allow(missing_debug_implementations, reason = "the recorder has none")]
pub(super) struct MetricsPage {
    recorder: PrometheusRecorder,
}

impl Page for MetricsPage {
    const NAME: &'static str = <Metrics as Held>::NAME;

    fn counters(series: usize) -> Self {
        let page = Self {
            recorder: builder().build_recorder(),
        };
        for n in 0..series {
            page.recorder
                .register_counter(&key("bench_requests_total", n), &METADATA)
                .increment(n as u64 + 1);
        }
        page
    }

    fn histograms(series: usize) -> Self {
        let page = Self {
            recorder: builder().build_recorder(),
        };
        for n in 0..series {
            let one = page
                .recorder
                .register_histogram(&key("bench_request_duration_seconds", n), &METADATA);
            for bound in BOUNDS.iter().step_by(3) {
                one.record(*bound);
            }
        }
        // What was recorded is moved into buckets here, not in the first timed rendering.
        page.recorder.handle().run_upkeep();
        page
    }

    fn render(&self, take: &mut dyn FnMut(&[u8])) -> usize {
        let text = self.recorder.handle().render();
        take(text.as_bytes());
        text.len()
    }
}

static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

fn key(name: &'static str, n: usize) -> Key {
    let (method, endpoint, status) = page_labels(n);
    Key::from_parts(
        name,
        vec![
            Label::new("method", method),
            Label::new("endpoint", endpoint),
            Label::new("status", status),
        ],
    )
}

fn builder() -> PrometheusBuilder {
    PrometheusBuilder::new()
        .set_buckets(BOUNDS)
        .expect("there are bounds")
}
