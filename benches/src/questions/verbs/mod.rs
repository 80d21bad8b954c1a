//! What does each verb cost, once its series are there?
//!
//! Every verb, guard and handle that the catalog names, each time with the same labels, and with
//! the clock that it reads itself. The recorder is the one of the work at hand, as inside a layer;
//! the last row shows what it costs to find the installed one instead.

mod free;
mod guards;

use std::hint::black_box;
use std::sync::LazyLock;

use novacron_telemetry::Telemetry;
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::record::{self, Recorder};
use novacron_telemetry::registry::{Groups, Registry};

use super::Case;
use crate::measure::{Contender, Settings};
use crate::report::{Goal, Row};
use crate::rivals::OURS;

/// The part's name, also in the table.
pub const PART: &str = "verbs";

/// Does what a verb does `n` times.
type Run = fn(u64);

/// All verbs: those of a moment, then those that go on for a while.
fn verbs() -> impl Iterator<Item = (&'static str, Run)> {
    free::VERBS.iter().chain(guards::GUARDS).copied()
}

/// A recorder with every family, what is opt-in included.
fn everything() -> (Recorder, Registry) {
    let registry = Catalog::descriptors()
        .filter(|family| family.opt_in)
        .fold(Registry::builder(), |builder, family| {
            builder.opt_in(family.name)
        })
        .build();
    let catalog = Catalog::register(&registry, Groups::ALL).expect("the registry is empty");
    (
        Recorder::new(catalog, record::Settings::default()),
        registry,
    )
}

/// A case for each verb, all on one recorder: a process has one, with all its families in use.
pub fn cases() -> impl Iterator<Item = Case> {
    let (recorder, registry) = everything();
    let told = verbs().map(move |(name, run)| {
        let (recorder, registry) = (recorder.clone(), registry.clone());
        let contender = Contender::new(OURS, move |n| {
            // Handles that outlive their registry record into nothing.
            let _alive = &registry;
            recorder.in_scope(|| run(n));
        });
        Case {
            part: PART,
            name: name.to_owned(),
            contenders: vec![contender],
        }
    });
    told.chain(std::iter::once_with(installed))
}

/// The shortest of all verbs, so that most of it is the way to the recorder: here the one that is
/// installed for the whole process.
fn installed() -> Case {
    static TELEMETRY: LazyLock<Telemetry> = LazyLock::new(|| {
        let builder = Telemetry::builder("bench", "0.1.0").groups(Groups::ALL);
        builder.install().expect("nothing else here installs one")
    });
    let contender = Contender::new(OURS, |n| {
        let _alive = &*TELEMETRY;
        for _ in 0..n {
            record::update_leader(black_box(true));
        }
    });
    Case {
        part: PART,
        name: String::from("update_leader, the recorder installed"),
        contenders: vec![contender],
    }
}

/// All rows.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    cases()
        .flat_map(|case| case.time(settings))
        .map(|row| row.goal(Goal::AtMost(100.0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use novacron_telemetry::metric::Writer;

    use super::*;

    #[test]
    fn every_verb_that_the_catalog_names_is_measured() {
        // `DatabaseQuery, dropped` is `DatabaseQuery`, too.
        let measured: BTreeSet<&str> = verbs()
            .filter_map(|(name, _)| name.split(',').next())
            .collect();
        let missing: BTreeSet<&str> = Catalog::descriptors()
            .filter_map(|family| match family.writer {
                Writer::Verb(verb) if !measured.contains(verb) => Some(verb),
                _ => None,
            })
            .collect();
        assert!(missing.is_empty(), "not measured: {missing:?}");
    }

    #[test]
    fn no_verb_is_given_a_word_that_the_catalog_does_not_know() {
        let (recorder, registry) = everything();
        for (name, run) in verbs() {
            recorder.in_scope(|| run(1));
            let faults = registry
                .snapshot()
                .sum("novacron_telemetry_internal_errors_total", &[]);
            assert_eq!(faults, 0.0, "{name}");
        }
    }
}
