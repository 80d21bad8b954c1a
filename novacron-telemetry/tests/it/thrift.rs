//! No verb, guard or handle that the catalog names allocates once it has seen its labels.

use novacron_telemetry::Registry;
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::record::{Recorder, Settings};
use novacron_telemetry::registry::Groups;

use crate::tables;

/// A recorder with what is opt-in, or its verb would have nothing to do.
fn everything() -> (Registry, Recorder) {
    let registry = Catalog::descriptors()
        .filter(|family| family.opt_in)
        .fold(Registry::builder(), |builder, family| {
            builder.opt_in(family.name)
        })
        .build();
    let catalog = Catalog::register(&registry, Groups::ALL).unwrap();
    (registry, Recorder::new(catalog, Settings::default()))
}

/// What a thousand calls allocate. The first ones make series, and a user's are not the first.
fn spent(mut call: impl FnMut()) -> u64 {
    for _ in 0..16 {
        call();
    }
    let spent = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            call();
        }
    });
    spent.count_total
}

#[test]
fn no_verb_allocates_once_warm() {
    let (_registry, recorder) = everything();
    let mut spenders = Vec::new();
    recorder.in_scope(|| {
        for (verb, call) in tables::VERBS {
            spenders.push((*verb, spent(call)));
        }
        for (guard, call) in tables::GUARDS {
            spenders.push((*guard, spent(|| call(&mut || {}))));
        }
    });
    assert!(spenders.len() > 100, "the tables were not read");
    spenders.retain(|(_, allocations)| *allocations > 0);
    assert!(spenders.is_empty(), "{spenders:?}");
}
