//! What does it cost to look a series up by its labels and to record?

use super::{Case, Record, per_request, per_request_twice, two_threads};
use crate::measure::Settings;
use crate::report::{Goal, Row};
use crate::rivals::LookUp;
use crate::work::{Request, Work};

const PART: &str = "family";

/// The cases on one thread.
#[must_use]
pub fn cases() -> Vec<Case> {
    let case = |name: &str, contenders| Case {
        part: PART,
        name: name.to_owned(),
        contenders,
    };
    vec![
        case("counter, 3 labels, hot", per_request(Work::hot(), Count)),
        case(
            "counter, 3 labels, mixed",
            per_request(Work::mixed(), Count),
        ),
        case(
            "histogram, 3 labels, mixed",
            per_request(Work::mixed(), Time),
        ),
    ]
}

/// All rows.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    let mut rows = Vec::new();
    for case in cases() {
        let counter = case.name.contains("counter");
        for row in case.time(settings) {
            rows.push(if counter {
                row.goal(Goal::Ratio(4.0))
            } else {
                row
            });
        }
    }
    let work = Work::mixed();
    for (name, work) in [
        (
            "counter, 3 labels, 2 threads on the same",
            [Work::hot(), Work::hot()],
        ),
        (
            "counter, 3 labels, 2 threads, other series",
            [work.half(0), work.half(1)],
        ),
    ] {
        rows.extend(two_threads(
            settings,
            PART,
            name,
            per_request_twice(work, Count),
        ));
    }
    rows
}

#[derive(Clone, Copy)]
struct Count;

impl Record for Count {
    #[inline]
    fn record<L: LookUp>(self, library: &L, request: &Request) {
        library.count(request);
    }
}

#[derive(Clone, Copy)]
struct Time;

impl Record for Time {
    #[inline]
    fn record<L: LookUp>(self, library: &L, request: &Request) {
        library.time(request);
    }
}
