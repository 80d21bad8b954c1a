//! What does a handle cost that is held, so that nothing is looked up?

use std::hint::black_box;

use super::{Case, named, two_threads};
use crate::measure::{Contender, Settings};
use crate::report::{Goal, Row};
use crate::rivals::{EachRecorder, Recorder, each_recorder};
use crate::threads::Pair;
use crate::work::Work;

const PART: &str = "instruments";

/// The cases on one thread.
#[must_use]
pub fn cases() -> Vec<Case> {
    let case = |name: &str, contenders| Case {
        part: PART,
        name: name.to_owned(),
        contenders,
    };
    vec![
        case("held counter", named(each_recorder(&Inc))),
        case("held histogram, 11 bounds", named(each_recorder(&Observe))),
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
                row.goal(Goal::Ratio(6.0)).goal(Goal::AtMost(1.0))
            } else {
                row.goal(Goal::Ratio(3.0))
            });
        }
    }
    for (name, same, goal) in [
        ("held counter, 2 threads on the same", true, Some(12.0)),
        ("held counter, 2 threads, one each", false, None),
    ] {
        let pairs = named(each_recorder(&IncTwice { same }));
        for row in two_threads(settings, PART, name, pairs) {
            rows.push(match goal {
                Some(times) => row.goal(Goal::Ratio(times)),
                None => row,
            });
        }
    }
    for (name, same) in [
        ("held histogram, 2 threads on the same", true),
        ("held histogram, 2 threads, one each", false),
    ] {
        let pairs = named(each_recorder(&ObserveTwice { same }));
        rows.extend(two_threads(settings, PART, name, pairs));
    }
    rows
}

struct Inc;

impl EachRecorder for Inc {
    type Output = Contender<'static>;

    fn with<R: Recorder>(&self) -> Contender<'static> {
        let recorder = R::new();
        let counter = recorder.counter(0);
        Contender::new(R::NAME, move |n| {
            let _alive = &recorder;
            for _ in 0..n {
                R::inc(black_box(&counter));
            }
        })
    }
}

struct IncTwice {
    same: bool,
}

impl EachRecorder for IncTwice {
    type Output = Pair;

    fn with<R: Recorder>(&self) -> Pair {
        let recorder = R::new();
        let counters = [recorder.counter(0), recorder.counter(usize::from(!self.same))];
        Pair::new(R::NAME, move |thread, n| {
            let _alive = &recorder;
            for _ in 0..n {
                R::inc(black_box(&counters[thread]));
            }
        })
    }
}

struct Observe;

impl EachRecorder for Observe {
    type Output = Contender<'static>;

    fn with<R: Recorder>(&self) -> Contender<'static> {
        let (recorder, work) = (R::new(), Work::mixed());
        let histogram = recorder.histogram(0);
        let mut at = 0;
        Contender::new(R::NAME, move |n| {
            let _alive = &recorder;
            for _ in 0..n {
                R::observe(black_box(&histogram), work.request(at).seconds);
                at += 1;
            }
        })
        .tidy(R::tidy)
    }
}

struct ObserveTwice {
    same: bool,
}

impl EachRecorder for ObserveTwice {
    type Output = Pair;

    fn with<R: Recorder>(&self) -> Pair {
        let (recorder, work) = (R::new(), Work::mixed());
        let histograms = [recorder.histogram(0), recorder.histogram(usize::from(!self.same))];
        Pair::new(R::NAME, move |thread, n| {
            let _alive = &recorder;
            for at in 0..n {
                R::observe(black_box(&histograms[thread]), work.request(at).seconds);
            }
        })
        .tidy(R::tidy)
    }
}
