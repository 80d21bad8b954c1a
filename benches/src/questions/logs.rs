//! What does a log line cost whoever logs?

use std::io;
use std::time::{Duration, Instant};

use novacron_telemetry::layer::http::AccessLines;
use novacron_telemetry::logs::Logs;
use tower_layer::Layer;
use tracing::Dispatch;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::Case;
use crate::measure::{self, Contender, Settings, nanoseconds};
use crate::report::{Goal, Row, Unit};
use crate::rivals::{OURS, http, recorder};

const PART: &str = "logs";
const RIVAL: &str = "tracing-subscriber fmt JSON";

/// All rows. Each case has its subscribers to itself: what one of them wants to see, `tracing` asks
/// all of them about.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, event) in [
        ("an event of 4 fields", Event::Alone),
        ("an event of 4 fields in a span of 2", Event::InSpan),
        ("an event with a text of 60 letters", Event::Text),
    ] {
        let contenders = vec![ours(event), theirs(event)];
        let rows_of = case(name, contenders).time(settings);
        rows.extend(rows_of.into_iter().map(|row| row.goal(Goal::AtMost(500.0))));
    }
    let off = vec![ours(Event::Off), theirs(Event::Off)];
    rows.extend(case("an event that the filter leaves out", off).time(settings));
    rows.push(access(settings));
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

#[derive(Clone, Copy)]
enum Event {
    Alone,
    InSpan,
    Text,
    Off,
}

impl Event {
    fn log(self, times: u64) {
        match self {
            Event::Alone | Event::InSpan => {
                let span = matches!(self, Event::InSpan).then(|| {
                    tracing::info_span!("job", job_id = "7b1c", correlation_id = "c-42").entered()
                });
                for at in 0..times {
                    tracing::info!(
                        endpoint = "/api/v1/vms/{id}",
                        status = 200,
                        duration_ms = 12.5,
                        at,
                        "answered"
                    );
                }
                drop(span);
            }
            Event::Text => {
                for at in 0..times {
                    tracing::info!(
                        "a virtual machine was started on node {at}, after 3 tries: vm-1"
                    );
                }
            }
            Event::Off => {
                for at in 0..times {
                    tracing::debug!(at, "left out");
                }
            }
        }
    }
}

fn logs() -> Logs {
    Logs::builder("api-server")
        .component("bench")
        .rate_limit(0, 0)
        .writer(io::sink())
        .build()
        .expect("a thread is to be had")
}

fn ours(event: Event) -> Contender<'static> {
    let logs = logs();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(logs.layer()));
    Contender::new(OURS, move |times| {
        tracing::dispatcher::with_default(&dispatch, || event.log(times));
    })
    .tidy(move || {
        logs.flush(Duration::from_secs(10));
    })
}

fn theirs(event: Event) -> Contender<'static> {
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(io::sink);
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(layer);
    let dispatch = Dispatch::new(subscriber);
    Contender::new(RIVAL, move |times| {
        tracing::dispatcher::with_default(&dispatch, || event.log(times));
    })
}

/// What access lines add to a request.
fn access(settings: &Settings) -> Row {
    let request = |name, lines: Option<AccessLines>| {
        let logs = logs();
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(logs.layer()));
        let (recorder, registry) = recorder();
        let mut layer = http::layer(recorder);
        if let Some(lines) = lines {
            layer = layer.access_lines(lines);
        }
        let mut driven = http::drive(name, layer.layer(http::bare()));
        Contender::new(name, move |times| {
            tracing::dispatcher::with_default(&dispatch, || driven.run(times));
        })
        .tidy(move || {
            logs.flush(Duration::from_secs(10));
            std::hint::black_box(&registry);
        })
    };
    let mut contenders = vec![
        request("without", None),
        request("with", Some(AccessLines::new())),
    ];
    let times = measure::compare(settings, &mut contenders);
    let over = times[1].1.best - times[0].1.best;
    let name = "an access line, over the layer without";
    Row::new(PART, name, Unit::Nanoseconds, Some(over.max(0.0)))
}

/// How long the slowest of many take: the documents promise 2 ms.
fn tail(settings: &Settings) -> Vec<Row> {
    let times = if settings.quick { 1_000 } else { 200_000 };
    let logs = logs();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(logs.layer()));
    let mut taken: Vec<f64> = tracing::dispatcher::with_default(&dispatch, || {
        (0..times)
            .map(|_| {
                let start = Instant::now();
                Event::Alone.log(1);
                nanoseconds(start.elapsed())
            })
            .collect()
    });
    taken.sort_by(f64::total_cmp);
    [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)]
        .into_iter()
        .map(|(title, share)| {
            let at = ((taken.len() - 1) as f64 * share) as usize;
            let case = format!("one event, {title}");
            Row::new(PART, case, Unit::Nanoseconds, Some(taken[at])).goal(Goal::AtMost(2e6))
        })
        .collect()
}
