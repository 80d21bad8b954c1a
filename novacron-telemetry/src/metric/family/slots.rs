//! A hash index from keys to numbers: insert-only, read without a lock.
//!
//! A slot is 32 bits: 8 bits of the hash and the number plus one. The key itself lives elsewhere and
//! is compared in full, so two keys with one hash stay two keys. A full table is succeeded by one
//! twice its size; the old ones stay, because a reader may be walking them, and cost as much as the
//! newest one together.

use crate::sync::{AtomicU32, AtomicUsize, Mutex, OnceLock, Ordering};

const FIRST: usize = if cfg!(novacron_loom) { 2 } else { 64 };
const TABLES: usize = if cfg!(novacron_loom) { 3 } else { 20 };
const NUMBER_BITS: u32 = 24;
/// The most numbers an index can hold.
pub(crate) const CAPACITY: u32 = (1 << NUMBER_BITS) - 2;

/// See the module.
#[derive(Debug)]
pub(crate) struct Slots {
    newest: AtomicUsize,
    tables: [OnceLock<Box<[AtomicU32]>>; TABLES],
    used: Mutex<usize>,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            newest: AtomicUsize::new(0),
            tables: std::array::from_fn(|_| OnceLock::new()),
            used: Mutex::new(0),
        }
    }

    /// The number whose key has this hash and passes `is`.
    #[inline]
    pub(crate) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let table = self
            .tables
            .get(self.newest.load(Ordering::Acquire))?
            .get()?;
        let mask = table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            // Acquire: the key behind the number was written before the slot.
            let slot = table[at & mask].load(Ordering::Acquire);
            if slot == 0 {
                return None;
            }
            if slot >> NUMBER_BITS == tag(hash) {
                let number = (slot & ((1 << NUMBER_BITS) - 1)) - 1;
                if is(number) {
                    return Some(number);
                }
            }
            at += 1;
        }
    }

    /// Adds a number whose key is not in the index yet. Callers insert one at a time; `hash_of`
    /// gives the hash of a number that is in the index, for when the table has to grow.
    pub(crate) fn insert(&self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        let mut used = self.used.lock();
        let newest = self.newest.load(Ordering::Relaxed);
        let table = self.tables[newest].get_or_init(|| empty(FIRST << newest));
        // Five in six: above that, searches for what is not there become long.
        if (*used + 1) * 6 > table.len() * 5 && newest + 1 < TABLES {
            let larger = self.tables[newest + 1].get_or_init(|| empty(table.len() * 2));
            for slot in table {
                let slot = slot.load(Ordering::Relaxed);
                if slot != 0 {
                    let number = (slot & ((1 << NUMBER_BITS) - 1)) - 1;
                    put(larger, hash_of(number), number);
                }
            }
            put(larger, hash, number);
            self.newest.store(newest + 1, Ordering::Release);
        } else {
            put(table, hash, number);
        }
        *used += 1;
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.tables
            .iter()
            .filter_map(OnceLock::get)
            .map(|table| size_of_val(&**table))
            .sum()
    }
}

fn put(table: &[AtomicU32], hash: u64, number: u32) {
    let mask = table.len() - 1;
    let mut at = hash as usize & mask;
    while table[at].load(Ordering::Relaxed) != 0 {
        at = (at + 1) & mask;
    }
    table[at].store((tag(hash) << NUMBER_BITS) | (number + 1), Ordering::Release);
}

fn empty(len: usize) -> Box<[AtomicU32]> {
    (0..len).map(|_| AtomicU32::new(0)).collect()
}

#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 56) as u32
}
