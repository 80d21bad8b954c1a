//! Where numbers live: one writer per cell.
//!
//! A registry owns slabs, tables of `AtomicU64`. A thread leases one slab per registry and is the
//! only one that writes to it, so an increment is a load, an add and a store, without the `lock`
//! prefix of a shared counter. A scrape adds the slabs up.
//!
//! What makes it right:
//!
//! - A lease is returned, never folded: at a thread's end its slab goes, with its numbers, to a free
//!   list, and the next thread goes on counting in it. Nothing is copied, so nothing is lost or
//!   counted twice.
//! - There is a cap. Past it, threads share one slab through `fetch_add`.
//! - Two registries never share a slab at the same time: a slab says whose it is, and a handle
//!   compares that with its own number before it writes.
//! - A handle that outlives its registry records into nothing.

mod lease;
mod slab;

#[cfg(all(test, novacron_loom))]
mod models;
#[cfg(all(test, not(novacron_loom)))]
mod tests;

pub(crate) use lease::write;
pub(crate) use slab::Slab;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, Weak};

use crate::sync::{AtomicU32, Mutex, Ordering};

/// Number of a cell within every slab of its registry.
pub(crate) type CellId = u32;

/// The cells of one registry.
#[derive(Debug)]
pub(crate) struct Cells {
    /// Never used again after this registry, so a stale handle can tell.
    number: u64,
    /// Written by everybody: gauges, and counters of threads past the cap.
    shared: Arc<Slab>,
    state: Mutex<State>,
    window: AtomicU32,
    /// How many slabs may be leased.
    cap: usize,
}

#[derive(Debug, Default)]
struct State {
    /// Every slab that ever counted for this registry.
    slabs: Vec<&'static Slab>,
    /// Those that no thread leases now.
    free: Vec<&'static Slab>,
    /// The next cell to hand out.
    next: CellId,
}

/// Slabs of dropped registries, zeroed, for the next ones.
static POOL: std::sync::Mutex<Vec<&'static Slab>> = std::sync::Mutex::new(Vec::new());

/// The registries there are, by number: how a thread without a lease finds its registry.
static LIVE: LazyLock<std::sync::RwLock<HashMap<u64, Weak<Cells>>>> =
    LazyLock::new(Default::default);

static NEXT_NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

impl Cells {
    pub(crate) fn new() -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(8, usize::from);
        Self::with_cap(2 * cores + 8)
    }

    pub(crate) fn with_cap(cap: usize) -> Arc<Self> {
        let number = NEXT_NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let cells = Arc::new(Self {
            number,
            shared: Arc::new(Slab::new(number)),
            state: Mutex::new(State::default()),
            window: AtomicU32::new(1),
            cap,
        });
        LIVE.write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, Arc::downgrade(&cells));
        cells
    }

    /// The registry of this number, if it still lives.
    pub(crate) fn find(number: u64) -> Option<Arc<Self>> {
        live(number)
    }

    #[inline]
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn shared(&self) -> &Arc<Slab> {
        &self.shared
    }

    /// Takes `count` cells that lie side by side; `None` when the registry is full.
    pub(crate) fn allocate(&self, count: u32) -> Option<CellId> {
        let chunk = slab::CHUNK as u32;
        debug_assert!(count <= chunk);
        let mut state = self.state.lock();
        let mut first = state.next;
        // Never across the end of a chunk, so that a histogram's cells share their memory.
        if first % chunk + count > chunk {
            first = first.next_multiple_of(chunk);
        }
        if first as usize + count as usize > slab::CAPACITY {
            return None;
        }
        state.next = first + count;
        Some(first)
    }

    /// All slabs as they are now, to read from.
    pub(crate) fn view(&self) -> View {
        View {
            slabs: self.state.lock().slabs.clone(),
            shared: Arc::clone(&self.shared),
            window: self.window.load(Ordering::Relaxed),
        }
    }

    /// Begins the next window of the windowed cells.
    pub(crate) fn rotate(&self) {
        let state = self.state.lock();
        let window = self.window.load(Ordering::Relaxed).wrapping_add(1);
        self.window.store(window, Ordering::Relaxed);
        for slab in &state.slabs {
            slab.set_window(window);
        }
        self.shared.set_window(window);
    }

    /// Heap held by slabs, in bytes.
    pub(crate) fn heap_bytes(&self) -> usize {
        let state = self.state.lock();
        state
            .slabs
            .iter()
            .map(|slab| slab.heap_bytes())
            .sum::<usize>()
            + self.shared.heap_bytes()
    }

    /// A slab for the calling thread alone; `None` past the cap.
    fn lease(&self) -> Option<&'static Slab> {
        let mut state = self.state.lock();
        if let Some(slab) = state.free.pop() {
            return Some(slab);
        }
        if state.slabs.len() >= self.cap {
            return None;
        }
        let pooled = POOL.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let slab: &'static Slab = pooled.unwrap_or_else(|| Box::leak(Box::new(Slab::new(0))));
        slab.set_owner(self.number);
        slab.set_window(self.window.load(Ordering::Relaxed));
        state.slabs.push(slab);
        Some(slab)
    }

    fn give_back(&self, slab: &'static Slab) {
        self.state.lock().free.push(slab);
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        LIVE.write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.number);
        // Slabs that are still leased are retired by their threads.
        let free = std::mem::take(&mut self.state.lock().free);
        free.into_iter().for_each(retire);
    }
}

/// The registry of this number, if it still lives.
fn live(number: u64) -> Option<Arc<Cells>> {
    LIVE.read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&number)
        .and_then(Weak::upgrade)
}

/// Empties a slab that nobody leases and whose registry is gone.
fn retire(slab: &'static Slab) {
    // A model's cells end with the model; the pool would carry them into the next one.
    if cfg!(novacron_loom) {
        return;
    }
    slab.set_owner(0);
    slab.clear();
    POOL.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(slab);
}

/// The slabs of a registry at one moment.
#[derive(Debug)]
pub struct View {
    slabs: Vec<&'static Slab>,
    shared: Arc<Slab>,
    window: u32,
}

impl View {
    fn each(&self) -> impl Iterator<Item = &Slab> {
        self.slabs
            .iter()
            .copied()
            .chain(std::iter::once(&*self.shared))
    }

    /// The sum of a counted cell.
    #[inline]
    pub(crate) fn sum(&self, id: CellId) -> u64 {
        self.each()
            .fold(0, |sum, slab| sum.wrapping_add(slab.read(id)))
    }

    /// The sums of `out.len()` cells that lie side by side, added to `out`.
    #[inline]
    pub(crate) fn sums(&self, first: CellId, out: &mut [u64]) {
        for slab in self.each() {
            slab.add_to(first, out);
        }
    }

    /// The sum of a cell that holds an `f64`.
    pub(crate) fn sum_f64(&self, id: CellId) -> f64 {
        self.each().map(|slab| f64::from_bits(slab.read(id))).sum()
    }

    /// The greatest value of a cell that holds an `f64` that is not negative.
    pub(crate) fn greatest(&self, id: CellId) -> f64 {
        f64::from_bits(self.each().map(|slab| slab.read(id)).max().unwrap_or(0))
    }

    /// The greatest value of two windowed cells in this window and the last.
    pub(crate) fn greatest_windowed(&self, id: CellId) -> Option<f64> {
        self.each()
            .flat_map(|slab| [slab.read(id), slab.read(id + 1)])
            .filter_map(|cell| slab::windowed(cell, self.window))
            .reduce(f64::max)
    }

    /// What the shared cell holds, bit for bit.
    pub(crate) fn shared(&self, id: CellId) -> u64 {
        self.shared.read(id)
    }
}
