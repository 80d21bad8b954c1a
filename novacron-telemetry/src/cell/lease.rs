//! A thread's slab: leased at the first recording, returned at the thread's end, shared past the cap.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::slab::{Pen, Slab};
use super::{Cells, live, retire};

thread_local! {
    /// The slab this thread wrote to last. Without a destructor, so it costs one load.
    static HOT: Cell<Option<&'static Slab>> = const { Cell::new(None) };

    /// Every slab this thread leases.
    static LEASES: RefCell<Leases> = const { RefCell::new(Leases(Vec::new())) };
}

struct Leases(Vec<Lease>);

struct Lease {
    number: u64,
    slab: Held,
}

enum Held {
    /// Leased: this thread is the only writer.
    Own(&'static Slab),
    /// The registry has no more slabs to lease.
    Shared(Arc<Slab>),
}

impl Drop for Leases {
    fn drop(&mut self) {
        // First, or a recording from a later destructor would write to a slab of another thread.
        HOT.set(None);
        self.0.drain(..).for_each(give_back);
    }
}

fn give_back(Lease { number, slab }: Lease) {
    if let Held::Own(slab) = slab {
        match live(number) {
            Some(cells) => cells.give_back(slab),
            None => retire(slab),
        }
    }
}

/// Writes to the cells of registry `number`. Does nothing if there is none; never blocks for long:
/// only the first recording of a thread in a registry takes a lock.
#[inline]
pub(crate) fn write(number: u64, f: impl Fn(Pen<'_>)) {
    if let Some(slab) = HOT.get()
        && slab.owner() == number
    {
        return f(Pen::own(slab));
    }
    if number != 0 {
        cold(number, f);
    }
}

/// Takes `f` by value: were it borrowed here, every hot call would write it to the stack as well.
#[cold]
#[inline(never)]
fn cold(number: u64, f: impl Fn(Pen<'_>)) {
    write_cold(number, &f);
}

fn write_cold(number: u64, f: &dyn Fn(Pen<'_>)) {
    let written = LEASES.try_with(|leases| {
        // Borrowed already: an allocator that records is allocating for us right now.
        let Ok(mut leases) = leases.try_borrow_mut() else {
            return false;
        };
        let at = match leases.0.iter().position(|lease| lease.number == number) {
            Some(at) => at,
            None => {
                let Some(cells) = live(number) else {
                    return true;
                };
                leases.forget_dead();
                leases.0.push(Lease::take(&cells));
                leases.0.len() - 1
            }
        };
        match &leases.0[at].slab {
            Held::Own(slab) => {
                HOT.set(Some(slab));
                f(Pen::own(slab));
            }
            Held::Shared(slab) => f(Pen::shared(slab)),
        }
        true
    });
    // The thread is ending and its leases are returned, or they are in use.
    if !written.unwrap_or(false)
        && let Some(cells) = live(number)
    {
        f(Pen::shared(cells.shared()));
    }
}

impl Lease {
    fn take(cells: &Cells) -> Self {
        Self {
            number: cells.number(),
            slab: match cells.lease() {
                Some(slab) => Held::Own(slab),
                None => Held::Shared(Arc::clone(cells.shared())),
            },
        }
    }
}

impl Leases {
    /// Gives back what was leased from registries that are gone, as tests leave behind by the
    /// hundred.
    fn forget_dead(&mut self) {
        let mut at = 0;
        while at < self.0.len() {
            if live(self.0[at].number).is_none() {
                HOT.set(None);
                give_back(self.0.swap_remove(at));
            } else {
                at += 1;
            }
        }
    }
}
