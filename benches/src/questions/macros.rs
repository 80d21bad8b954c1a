//! What does marking a function cost?

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use novacron_telemetry::catalog::dwcp::DwcpMode;
use novacron_telemetry::record::Recorder;
use novacron_telemetry::{Registry, instrument_api, instrument_migration};

use super::Case;
use crate::measure::{self, Contender, Settings};
use crate::report::{Goal, Row, Unit};
use crate::rivals::{OURS, recorder};

const PART: &str = "macros";

/// The cases on one thread, each with what the unmarked function costs.
#[must_use]
pub fn cases() -> Vec<Case> {
    let case = |name: &str, contenders| Case {
        part: PART,
        name: name.to_owned(),
        contenders,
    };
    vec![
        case("a marked fn", vec![plain_fn(), marked_fn(recorder())]),
        case(
            "a marked async fn",
            vec![plain_async(), marked_async(recorder())],
        ),
        case(
            "a marked migration",
            vec![plain_fn(), marked_migration(recorder())],
        ),
        case(
            "a marked async migration",
            vec![plain_async(), marked_async_migration(recorder())],
        ),
        case(
            "a marked fn, nothing installed",
            vec![plain_fn(), marked_fn((Recorder::noop(), Registry::new()))],
        ),
    ]
}

/// All rows: the marked function over the unmarked one.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    cases()
        .into_iter()
        .map(|mut case| {
            let times = measure::compare(settings, &mut case.contenders);
            let over = times[1].1.best - times[0].1.best;
            let name = format!("{}, over the unmarked one", case.name);
            Row::new(PART, name, Unit::Nanoseconds, Some(over.max(0.0))).goal(Goal::AtMost(100.0))
        })
        .collect()
}

/// Something that is not nothing, and that the compiler cannot see through.
#[inline(never)]
fn work(id: u64) -> Result<u64, ()> {
    if black_box(id) == u64::MAX {
        Err(())
    } else {
        Ok(id + 1)
    }
}

#[instrument_api(endpoint = "/api/v1/vms/{id}", method = "GET")]
fn marked(id: u64) -> Result<u64, ()> {
    work(id)
}

#[instrument_api(endpoint = "/api/v1/vms/{id}", method = "GET")]
async fn marked_later(id: u64) -> Result<u64, ()> {
    work(id)
}

#[instrument_migration(source = "node-1", destination = "node-2", mode = DwcpMode::Hybrid, bytes = |sent| *sent)]
fn migrated(id: u64) -> Result<u64, ()> {
    work(id)
}

#[instrument_migration(source = "node-1", destination = "node-2", mode = DwcpMode::Hybrid, bytes = |sent| *sent)]
async fn migrated_later(id: u64) -> Result<u64, ()> {
    work(id)
}

async fn later(id: u64) -> Result<u64, ()> {
    work(id)
}

fn plain_fn() -> Contender<'static> {
    Contender::new("unmarked", |n| {
        for id in 0..n {
            let _ = black_box(work(id));
        }
    })
}

fn marked_fn((recorder, registry): (Recorder, Registry)) -> Contender<'static> {
    Contender::new(OURS, move |n| {
        // Handles that outlive their registry record into nothing.
        let _alive = &registry;
        recorder.in_scope(|| {
            for id in 0..n {
                let _ = black_box(marked(id));
            }
        });
    })
}

fn marked_migration((recorder, registry): (Recorder, Registry)) -> Contender<'static> {
    Contender::new(OURS, move |n| {
        let _alive = &registry;
        recorder.in_scope(|| {
            for id in 0..n {
                let _ = black_box(migrated(id));
            }
        });
    })
}

fn marked_async_migration((recorder, registry): (Recorder, Registry)) -> Contender<'static> {
    Contender::new(OURS, move |n| {
        let _alive = &registry;
        recorder.in_scope(|| {
            for id in 0..n {
                black_box(at_once(migrated_later(id)));
            }
        });
    })
}

fn plain_async() -> Contender<'static> {
    Contender::new("unmarked", |n| {
        for id in 0..n {
            black_box(at_once(later(id)));
        }
    })
}

fn marked_async((recorder, registry): (Recorder, Registry)) -> Contender<'static> {
    Contender::new(OURS, move |n| {
        let _alive = &registry;
        recorder.in_scope(|| {
            for id in 0..n {
                black_box(at_once(marked_later(id)));
            }
        });
    })
}

/// Polls a future once; there is nothing in these to wait for.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
