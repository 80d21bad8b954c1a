//! What does a handle cost that is held, so that nothing is looked up?

use std::hint::black_box;

use super::{Case, two_threads};
use crate::measure::{Contender, Settings};
use crate::report::{Goal, Row};
use crate::rivals::{EachHeld, Held, each_held};
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
        case("held counter", each_held(&Inc)),
        case("held histogram, 11 bounds", each_held(&Observe)),
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
        let pairs = each_held(&IncTwice { same });
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
        let pairs = each_held(&ObserveTwice { same });
        rows.extend(two_threads(settings, PART, name, pairs));
    }
    rows
}

struct Inc;

impl EachHeld for Inc {
    type Output = Contender<'static>;

    fn with<H: Held>(&self) -> Contender<'static> {
        let library = H::new();
        let counter = library.counter(0);
        Contender::new(H::NAME, move |n| {
            let _alive = &library;
            for _ in 0..n {
                H::inc(black_box(&counter));
            }
        })
    }
}

struct IncTwice {
    same: bool,
}

impl EachHeld for IncTwice {
    type Output = Pair;

    fn with<H: Held>(&self) -> Pair {
        let library = H::new();
        let counters = [library.counter(0), library.counter(usize::from(!self.same))];
        Pair::new(H::NAME, move |thread, n| {
            let _alive = &library;
            for _ in 0..n {
                H::inc(black_box(&counters[thread]));
            }
        })
    }
}

struct Observe;

impl EachHeld for Observe {
    type Output = Contender<'static>;

    fn with<H: Held>(&self) -> Contender<'static> {
        let (library, work) = (H::new(), Work::mixed());
        let histogram = library.histogram(0);
        let mut at = 0;
        Contender::new(H::NAME, move |n| {
            let _alive = &library;
            for _ in 0..n {
                H::observe(black_box(&histogram), work.request(at).seconds);
                at += 1;
            }
        })
        .tidy(H::tidy)
    }
}

struct ObserveTwice {
    same: bool,
}

impl EachHeld for ObserveTwice {
    type Output = Pair;

    fn with<H: Held>(&self) -> Pair {
        let (library, work) = (H::new(), Work::mixed());
        let histograms = [
            library.histogram(0),
            library.histogram(usize::from(!self.same)),
        ];
        Pair::new(H::NAME, move |thread, n| {
            let _alive = &library;
            for at in 0..n {
                H::observe(black_box(&histograms[thread]), work.request(at).seconds);
            }
        })
        .tidy(H::tidy)
    }
}
