//! What does a span cost whoever opens it: kept, not kept, and with traces off?

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use novacron_telemetry::Telemetry;
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::context::{FinishedSpan, SamplingRates, SpanSink, Tracer};
use novacron_telemetry::instrument_api;
use novacron_telemetry::record::{BackgroundJob, Recorder, Settings as Thresholds};
use novacron_telemetry::registry::{Groups, Registry};
use novacron_telemetry::traces::{TraceFilter, TraceLayer, Traces};
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use tracing::{Dispatch, Level};
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt;

use super::Case;
use crate::measure::{Contender, Settings, nanoseconds};
use crate::report::{Goal, Row, Unit};
use crate::rivals::OURS;

const PART: &str = "traces";
const RIVAL: &str = "tracing-opentelemetry";

/// All rows. Spans have three fields, as in the log of a step: a text, a number, a truth.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    let mut rows = case(
        "a `tracing` span of 3 fields, not kept",
        vec![host(0.0, OURS), otel(Sampler::AlwaysOff)],
    )
    .time(settings);
    for row in &mut rows {
        *row = row.clone().goal(Goal::AtMost(30.0));
    }
    let kept = case(
        "a `tracing` span of 3 fields, kept",
        vec![host(1.0, OURS), otel(Sampler::AlwaysOn)],
    );
    rows.extend(
        kept.time(settings)
            .into_iter()
            .map(|row| row.goal(Goal::Ratio(2.0))),
    );
    // No goal: what the rival exports goes nowhere.
    let queued = case(
        "a `tracing` span of 3 fields, kept and queued",
        vec![exported()],
    );
    rows.extend(queued.time(settings));
    for (name, rate) in [
        ("a guard's span, traces off", None),
        ("a guard's span, not kept", Some(0.0)),
        ("a guard's span, kept", Some(1.0)),
    ] {
        rows.extend(case(name, vec![guard(rate)]).time(settings));
    }
    rows.extend(tail(settings));
    rows
}

fn case(name: &str, contenders: Vec<Contender<'static>>) -> Case {
    Case {
        part: PART,
        name: name.to_owned(),
        contenders,
    }
}

fn spans(times: u64) {
    for rows in 0..times {
        let _span = tracing::info_span!("resize", vm = "web-1", rows, cached = true).entered();
    }
}

/// Takes what is exported, and has no use for it.
#[derive(Debug)]
struct Nowhere;

impl SpanSink for Nowhere {
    fn take(&self, span: FinishedSpan) {
        drop(std::hint::black_box(span));
    }
}

fn recorder(rate: Option<f64>) -> (Recorder, Registry) {
    let registry = Registry::new();
    let catalog = Catalog::register(&registry, Groups::CORE).expect("the registry is empty");
    let tracer = rate.map_or(Tracer::off(), |default| {
        let rates = SamplingRates {
            default,
            ..SamplingRates::default()
        };
        Tracer::new(&rates, Arc::new(Nowhere), &catalog.exporter).expect("a rate")
    });
    (
        Recorder::traced(catalog, Thresholds::default(), tracer),
        registry,
    )
}

/// Does it inside a request, which is the root.
#[instrument_api(endpoint = "/api/v1/vms", method = "GET", telemetry = recorder)]
fn inside(recorder: &Recorder, run: &mut dyn FnMut()) {
    run();
}

fn host(rate: f64, name: &'static str) -> Contender<'static> {
    let (recorder, registry) = recorder(Some(rate));
    let layer = TraceLayer::new(recorder.clone()).with_filter(TraceFilter::new(Level::INFO));
    let subscriber = tracing_subscriber::registry()
        .with(layer)
        .with(TraceFilter::new(Level::INFO));
    let dispatch = Dispatch::new(subscriber);
    Contender::new(name, move |times| {
        tracing::dispatcher::with_default(&dispatch, || {
            inside(&recorder, &mut || spans(times));
        });
        std::hint::black_box(&registry);
    })
}

/// The same, into the exporter's queue, which is emptied between samples.
fn exported() -> Contender<'static> {
    let traces = Traces::otlp(collector())
        .queue(1 << 20)
        .batch(1 << 20, Duration::from_secs(3600))
        .sample(novacron_telemetry::context::Class::Default, 1.0);
    let telemetry = Telemetry::builder("bench", "0").traces(traces).build();
    let telemetry = telemetry.expect("a thread is to be had");
    let subscriber = tracing_subscriber::registry()
        .with(telemetry.trace_layer())
        .with(TraceFilter::new(Level::INFO));
    let (dispatch, recorder) = (Dispatch::new(subscriber), telemetry.recorder().clone());
    Contender::new(
        "novacron-telemetry, into the exporter's queue",
        move |times| {
            tracing::dispatcher::with_default(&dispatch, || {
                inside(&recorder, &mut || spans(times));
            });
        },
    )
    .tidy(move || {
        telemetry.flush_traces(Duration::from_secs(10));
    })
}

/// A collector that takes what comes.
fn collector() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is to be had");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
            let _ = stream.read_to_end(&mut request);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        }
    });
    format!("http://{address}")
}

/// The rival's: takes what is exported, and has no use for it.
#[derive(Debug)]
struct NoProcessor;

impl SpanProcessor for NoProcessor {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        drop(std::hint::black_box(span));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn otel(sampler: Sampler) -> Contender<'static> {
    let provider = SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_span_processor(NoProcessor)
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    Contender::new(RIVAL, move |times| {
        tracing::dispatcher::with_default(&dispatch, || {
            let _root = tracing::info_span!("request").entered();
            spans(times);
        });
        std::hint::black_box(&provider);
    })
}

/// A guard and what it counts, inside a request.
fn guard(rate: Option<f64>) -> Contender<'static> {
    let (recorder, registry) = recorder(rate);
    Contender::new(OURS, move |times| {
        inside(&recorder, &mut || {
            for _ in 0..times {
                BackgroundJob::begin("prune").finish(true);
            }
        });
        std::hint::black_box(&registry);
    })
}

/// How long the slowest of many take: the documents promise 5 ms.
fn tail(settings: &Settings) -> Vec<Row> {
    let times = if settings.quick { 1_000 } else { 200_000 };
    let (recorder, _registry) = recorder(Some(1.0));
    let layer = TraceLayer::new(recorder.clone()).with_filter(TraceFilter::new(Level::INFO));
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    let mut taken = Vec::new();
    tracing::dispatcher::with_default(&dispatch, || {
        inside(&recorder, &mut || {
            taken.extend((0..times).map(|_| {
                let start = Instant::now();
                spans(1);
                nanoseconds(start.elapsed())
            }));
        });
    });
    taken.sort_by(f64::total_cmp);
    [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)]
        .into_iter()
        .map(|(title, share)| {
            let at = ((taken.len() - 1) as f64 * share) as usize;
            let case = format!("one span, kept, {title}");
            Row::new(PART, case, Unit::Nanoseconds, Some(taken[at])).goal(Goal::AtMost(5e6))
        })
        .collect()
}
