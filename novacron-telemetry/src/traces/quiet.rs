//! What the exporter does is not traced: a mark on its thread, which no library that it calls can
//! take off.

use std::cell::Cell;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Marks the calling thread for as long as it lives.
pub(super) fn mark() {
    QUIET.set(true);
}

/// Whether nothing of this thread is traced.
pub(super) fn is_marked() -> bool {
    QUIET.try_with(Cell::get).unwrap_or(true)
}
