//! Every family that names a verb is written by that verb, called as its callers call it; what
//! names a layer or the library itself is written by those. The rest waits for its writer, and the
//! list of what waits is committed.

use std::collections::{BTreeMap, BTreeSet};

use novacron_telemetry::Registry;
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::metric::{Descriptor, Writer};
use novacron_telemetry::record::{Recorder, Settings};
use novacron_telemetry::registry::{Groups, Snapshot};

use crate::tables::{GUARDS, VERBS};

/// A recorder that shows everything, what is opt-in included.
fn everything() -> (Registry, Recorder) {
    let opt_in = Catalog::descriptors().filter(|family| family.opt_in);
    let registry = opt_in
        .fold(Registry::builder(), |builder, family| {
            builder.opt_in(family.name)
        })
        .build();
    let catalog = Catalog::register(&registry, Groups::ALL).unwrap();
    (registry, Recorder::new(catalog, Settings::default()))
}

/// The families that show something else than before.
fn changed<'a>(before: &'a Snapshot, after: &'a Snapshot) -> BTreeSet<&'a str> {
    after
        .families()
        .map(|(name, _)| name)
        .filter(|name| before.series(name) != after.series(name))
        .collect()
}

/// The families that a verb writes, called as the tables call it.
fn written_by(verb: &str) -> BTreeSet<String> {
    let (registry, recorder) = everything();
    let before = registry.snapshot();
    let guard = GUARDS.iter().find(|(name, _)| *name == verb);
    let free = VERBS.iter().find(|(name, _)| *name == verb);
    let mut after = None;
    recorder.in_scope(|| match (guard, free) {
        (Some((_, call)), None) => call(&mut || after = Some(registry.snapshot())),
        (None, Some((_, call))) => call(),
        _ => panic!("{verb} has to stand in one of the tables"),
    });
    let after = after.unwrap_or_else(|| registry.snapshot());
    let faults = after.sum("novacron_telemetry_internal_errors_total", &[]);
    assert_eq!(
        faults, 0.0,
        "{verb} was given a word that the catalog does not know"
    );
    let names = changed(&before, &after).into_iter();
    names.map(str::to_owned).collect()
}

#[test]
fn every_verb_writes_every_family_that_names_it() {
    let mut silent = Vec::new();
    for verb in names() {
        let written = written_by(verb);
        let of_verb =
            |family: &&Descriptor| matches!(family.writer, Writer::Verb(by) if by == verb);
        let families: Vec<_> = Catalog::descriptors().filter(of_verb).collect();
        assert!(!families.is_empty(), "no family names {verb}");
        silent.extend(
            families
                .into_iter()
                .filter(|family| !written.contains(family.name))
                .map(|family| format!("{} by {verb}", family.name)),
        );
    }
    assert!(silent.is_empty(), "never written:\n{}", silent.join("\n"));
}

/// The names in both tables.
fn names() -> Vec<&'static str> {
    let guards = GUARDS.iter().map(|(verb, _)| *verb);
    VERBS.iter().map(|(verb, _)| *verb).chain(guards).collect()
}

#[test]
fn every_verb_that_a_family_names_exists() {
    let names = names();
    let known: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(known.len(), names.len(), "a verb is in the tables twice");
    let missing: BTreeSet<_> = Catalog::descriptors()
        .filter_map(|family| match family.writer {
            Writer::Verb(verb) if !known.contains(verb) => Some(verb),
            _ => None,
        })
        .collect();
    assert!(
        missing.is_empty(),
        "named by the catalog, and not written: {missing:?}"
    );
}

/// Groups that are written by what a service says, and by nothing else.
const SAID: &[&str] = &[
    "dwcp",
    "migration",
    "database",
    "vm",
    "business",
    "support",
    "provisioner",
    "scheduler",
    "reconcile",
    "provider",
    "ml",
];

/// The documentation, as it is read.
const METRICS: &str = include_str!("../../../docs/metrics.md");

#[test]
fn every_family_of_these_groups_is_written_by_the_verb_that_the_documentation_names() {
    let (mut wrong, mut written) = (Vec::new(), BTreeMap::new());
    for said in SAID {
        let group = Catalog::GROUPS.iter().find(|group| group.name == *said);
        let families = group.unwrap_or_else(|| panic!("no group {said}")).families;
        println!("{said}: {} families", families.len());
        for family in families {
            let name = family.name;
            let Writer::Verb(verb) = family.writer else {
                wrong.push(format!("{name}: written by {:?}, no verb", family.writer));
                continue;
            };
            println!("  {name} by {verb}");
            let documented = METRICS
                .lines()
                .find(|line| line.starts_with(&format!("| `{name}`<br>")));
            if !documented.is_some_and(|line| line.contains(&format!("| verb `{verb}` |"))) {
                wrong.push(format!("{name}: docs/metrics.md does not name {verb}"));
            }
            if !is_called(verb) {
                wrong.push(format!(
                    "{name}: {verb} stands in the tables and is not called"
                ));
            }
            let written = written.entry(verb).or_insert_with(|| written_by(verb));
            if !written.contains(name) {
                wrong.push(format!("{name}: {verb} does not write it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether what stands in the tables under a verb's name calls that verb.
fn is_called(verb: &str) -> bool {
    const SOURCE: &str = include_str!("tables.rs");
    let Some((_, entry)) = SOURCE.split_once(&format!("(\"{verb}\", ")) else {
        return false;
    };
    let entry = entry.split("\n    (\"").next().unwrap_or_default();
    let mut words = entry.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word == verb)
}
