//! No verb allocates once it has seen its labels.

use crate::books::Books;
use crate::writers;

#[test]
fn no_verb_allocates_once_warm() {
    let books = Books::new();
    let mut spenders = Vec::new();
    for (verb, call) in writers::VERBS {
        // The first call makes series, and a route its counters; the second is the first of many.
        books.recorder.in_scope(call);
        let spent = books
            .recorder
            .in_scope(|| allocation_counter::measure(call));
        if spent.count_total > 0 {
            spenders.push((*verb, spent.count_total));
        }
    }
    assert!(spenders.is_empty(), "{spenders:?}");
}
