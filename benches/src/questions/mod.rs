//! One file for each question.

pub mod budgets;
pub mod family;
pub mod floor;
pub mod grpc;
pub mod http;
pub mod instruments;
pub mod logs;
pub mod macros;
pub mod request;
pub mod scrape;
pub mod traces;
pub mod verbs;

use std::hint::black_box;

use crate::measure::{self, Contender, Settings};
use crate::report::{Row, Unit};
use crate::rivals::{EachLookUp, LookUp, OURS, each_look_up};
use crate::threads::{self, Pair};
use crate::work::Work;

/// Work on one thread, done by every contender.
#[allow(missing_debug_implementations, reason = "contenders are closures")]
pub struct Case {
    /// Which part it belongs to.
    pub part: &'static str,
    /// What is done.
    pub name: String,
    /// Who does it; the library's own variants begin with its name.
    pub contenders: Vec<Contender<'static>>,
}

impl Case {
    /// Times it: one row for each variant of this library.
    #[must_use]
    pub fn time(mut self, settings: &Settings) -> Vec<Row> {
        let times = measure::compare(settings, &mut self.contenders);
        let times = times
            .into_iter()
            .map(|(name, time)| (name, time.best))
            .collect();
        rows(self.part, &self.name, Unit::Nanoseconds, times)
    }
}

/// One row for each variant of this library, each beside all rivals.
#[must_use]
pub fn rows(
    part: &'static str,
    case: &str,
    unit: Unit,
    figures: Vec<(&'static str, f64)>,
) -> Vec<Row> {
    let (ours, rivals): (Vec<_>, Vec<_>) = figures
        .into_iter()
        .partition(|(name, _)| name.starts_with(OURS));
    if ours.is_empty() {
        // Threads that never ran side by side, say: an empty cell tells more than a missing row.
        return vec![Row::new(part, case, unit, None).rivals(rivals)];
    }
    ours.into_iter()
        .map(|(name, figure)| {
            let case = format!("{case}{}", &name[OURS.len()..]);
            Row::new(part, case, unit, Some(figure)).rivals(rivals.clone())
        })
        .collect()
}

/// A way to record a request, for each recording library.
pub(crate) struct PerRequest<F> {
    work: Work,
    record: F,
}

/// What is called for each request; a trait, because a closure cannot be generic.
pub(crate) trait Record: Copy + 'static {
    fn record<L: LookUp>(self, library: &L, request: &crate::work::Request);
}

impl<F: Record> EachLookUp for PerRequest<F> {
    type Output = Contender<'static>;

    fn with<L: LookUp>(&self) -> Contender<'static> {
        let (library, work, record) = (L::new(), self.work.clone(), self.record);
        let mut at = 0;
        Contender::new(L::NAME, move |n| {
            for _ in 0..n {
                record.record(black_box(&library), black_box(work.request(at)));
                at += 1;
            }
        })
        .tidy(L::tidy)
    }
}

/// Everybody records the requests of `work`.
pub(crate) fn per_request(work: Work, record: impl Record) -> Vec<Contender<'static>> {
    each_look_up(&PerRequest { work, record })
}

/// As [`PerRequest`], on two threads, each with its own list of requests.
pub(crate) struct PerRequestTwice<F> {
    work: [Work; 2],
    record: F,
}

impl<F: Record + Send + Sync> EachLookUp for PerRequestTwice<F> {
    type Output = Pair;

    fn with<L: LookUp>(&self) -> Pair {
        let (library, work, record) = (L::new(), self.work.clone(), self.record);
        Pair::new(L::NAME, move |thread, n| {
            for at in 0..n {
                record.record(black_box(&library), black_box(work[thread].request(at)));
            }
        })
        .tidy(L::tidy)
    }
}

/// Everybody records on two threads; a row for the library's own.
pub(crate) fn two_threads(
    settings: &Settings,
    part: &'static str,
    case: &str,
    mut pairs: Vec<Pair>,
) -> Vec<Row> {
    let times: Vec<_> = threads::compare(settings, &mut pairs)
        .into_iter()
        .filter_map(|(name, time)| time.map(|time| (name, time.best)))
        .collect();
    rows(part, case, Unit::Nanoseconds, times)
}

pub(crate) fn per_request_twice(work: [Work; 2], record: impl Record + Send + Sync) -> Vec<Pair> {
    each_look_up(&PerRequestTwice { work, record })
}
