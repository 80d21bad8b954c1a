//! What does one API request cost to record, without the clock?

use super::{Case, Record, per_request, per_request_twice, two_threads};
use crate::measure::Settings;
use crate::report::{Goal, Row};
use crate::rivals::{LookUp, verb};
use crate::work::{Request, Work};

const PART: &str = "request";

/// The cases on one thread.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut contenders = per_request(Work::mixed(), Serve);
    contenders.push(verb(Work::mixed()));
    vec![Case {
        part: PART,
        name: String::from("one API request"),
        contenders,
    }]
}

/// All rows.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    let mut rows = Vec::new();
    for case in cases() {
        for row in case.time(settings) {
            rows.push(row.goal(Goal::Ratio(6.0)));
        }
    }
    let pairs = per_request_twice([Work::mixed(), Work::mixed()], Serve);
    rows.extend(two_threads(
        settings,
        PART,
        "one API request, 2 threads",
        pairs,
    ));
    rows
}

#[derive(Clone, Copy)]
struct Serve;

impl Record for Serve {
    #[inline]
    fn record<L: LookUp>(self, library: &L, request: &Request) {
        library.serve(request);
    }
}
