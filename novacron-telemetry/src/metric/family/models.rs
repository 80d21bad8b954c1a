//! Every interleaving of two threads that make the same series, and of exemplars, by loom.

use std::sync::Arc;

use loom::thread;

use super::slots::Slots;
use super::table::Table;
use crate::label::{Domain, LabelDescriptor, Part};
use crate::metric::exemplar::{Exemplar, Slot};

const LABELS: &[LabelDescriptor] = &[LabelDescriptor {
    name: "name",
    domain: Domain::Open { cap: 1 },
    optional: false,
}];

#[test]
fn loom_two_threads_that_make_one_series_make_one() {
    loom::model(|| {
        let table = Arc::new(Table::new(LABELS, 10));
        let make =
            |table: Arc<Table>| move || table.find_or_insert(&[Part::Text("a")]).unwrap().series;
        let other = thread::spawn(make(Arc::clone(&table)));
        let mine = make(Arc::clone(&table))();
        assert_eq!(other.join().unwrap(), mine);
        assert_eq!(table.len(), 1);
        assert_eq!(table.find(&[Part::Text("a")]), Some(mine));
    });
}

#[test]
fn loom_an_index_that_grows_under_a_reader_loses_nothing() {
    loom::model(|| {
        // Numbers are their own hashes, so they collide in every table.
        let slots = Arc::new(Slots::new());
        slots.insert(0, 0, u64::from);
        let theirs = Arc::clone(&slots);
        let writer = thread::spawn(move || {
            theirs.insert(2, 2, u64::from);
            theirs.insert(4, 4, u64::from);
        });
        assert_eq!(
            slots.find(0, |number| number == 0),
            Some(0),
            "it was there before"
        );
        writer.join().unwrap();
        for number in [0, 2, 4] {
            assert_eq!(
                slots.find(u64::from(number), |found| found == number),
                Some(number)
            );
        }
    });
}

#[test]
fn loom_an_exemplar_is_whole_or_absent() {
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let exemplar = |n: u32| Exemplar {
            trace_id: u128::from(n) << 64 | u128::from(n),
            span_id: u64::from(n),
            value: f64::from(n),
            unix_seconds: f64::from(n),
        };
        let theirs = Arc::clone(&slot);
        let writer = thread::spawn(move || theirs.write(&exemplar(1)));
        slot.write(&exemplar(2));
        if let Some(read) = slot.read() {
            assert!(read == exemplar(1) || read == exemplar(2), "{read:?}");
        }
        writer.join().unwrap();
        assert!(slot.read().is_some());
    });
}
