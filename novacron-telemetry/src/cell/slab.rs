//! A table of numbers in chunks, grown on first touch, and the pen that writes to it.

use crate::sync::{AtomicU32, AtomicU64, OnceLock, Ordering};

/// Cells in a chunk: 32 KiB, small enough to make on first touch.
#[cfg(not(novacron_loom))]
pub(super) const CHUNK: usize = 4096;
#[cfg(novacron_loom)]
pub(super) const CHUNK: usize = 4;

const CHUNKS: usize = if cfg!(novacron_loom) { 2 } else { 1024 };

/// Cells in a slab.
pub(super) const CAPACITY: usize = CHUNK * CHUNKS;

type Chunk = Box<[AtomicU64; CHUNK]>;

/// One thread's numbers for one registry.
#[derive(Debug)]
pub(crate) struct Slab {
    owner: AtomicU64,
    window: AtomicU32,
    /// In place, not behind a box: a recording goes through one pointer less.
    chunks: [OnceLock<Chunk>; CHUNKS],
}

impl Slab {
    pub(super) fn new(owner: u64) -> Self {
        Self {
            owner: AtomicU64::new(owner),
            window: AtomicU32::new(1),
            chunks: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    /// The number of the registry it counts for; 0 while it waits in the pool.
    #[inline]
    pub(super) fn owner(&self) -> u64 {
        self.owner.load(Ordering::Relaxed)
    }

    pub(super) fn set_owner(&self, owner: u64) {
        self.owner.store(owner, Ordering::Relaxed);
    }

    pub(super) fn set_window(&self, window: u32) {
        self.window.store(window, Ordering::Relaxed);
    }

    /// The cell, made if this is the first touch of its chunk.
    #[inline]
    pub(crate) fn cell(&self, id: u32) -> &AtomicU64 {
        let (chunk, offset) = self.chunk(id);
        &chunk[offset]
    }

    #[cold]
    #[inline(never)]
    fn make(&self, chunk: usize) -> &Chunk {
        self.chunks[chunk].get_or_init(|| boxed(|| AtomicU64::new(0)))
    }

    /// The chunk of a cell, made if this is its first touch, and the cell's place in it.
    #[inline]
    fn chunk(&self, id: u32) -> (&Chunk, usize) {
        let (chunk, offset) = place(id);
        let chunk = match self.chunks[chunk].get() {
            Some(chunk) => chunk,
            None => self.make(chunk),
        };
        (chunk, offset)
    }

    /// What a cell holds. Acquire: who reads an end has also read its beginning.
    #[inline]
    pub(super) fn read(&self, id: u32) -> u64 {
        let (chunk, offset) = place(id);
        self.chunks[chunk]
            .get()
            .map_or(0, |chunk| chunk[offset].load(Ordering::Acquire))
    }

    /// Adds `out.len()` cells from `first` on to `out`; they must lie in one chunk.
    #[inline]
    pub(super) fn add_to(&self, first: u32, out: &mut [u64]) {
        let (chunk, offset) = place(first);
        let Some(chunk) = self.chunks[chunk].get() else {
            return;
        };
        for (out, cell) in out.iter_mut().zip(&chunk[offset..]) {
            *out = out.wrapping_add(cell.load(Ordering::Acquire));
        }
    }

    pub(super) fn clear(&self) {
        for chunk in self.chunks.iter().filter_map(OnceLock::get) {
            for cell in chunk.iter() {
                cell.store(0, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let made = self
            .chunks
            .iter()
            .filter(|chunk| chunk.get().is_some())
            .count();
        size_of::<Self>() + made * CHUNK * size_of::<AtomicU64>()
    }
}

/// The right to write to a slab: alone (`own`), or among others.
#[derive(Clone, Copy)]
pub(crate) struct Pen<'a> {
    slab: &'a Slab,
    own: bool,
}

impl<'a> Pen<'a> {
    /// The calling thread is the only writer.
    #[inline]
    pub(super) fn own(slab: &'a Slab) -> Self {
        Self { slab, own: true }
    }

    pub(crate) fn shared(slab: &'a Slab) -> Self {
        Self { slab, own: false }
    }

    /// Adds `n`, wrapping.
    #[inline]
    pub(crate) fn add(self, id: u32, n: u64) {
        let cell = self.slab.cell(id);
        if self.own {
            // Release: who reads this number has also what happened before it was written. That
            // makes "begun minus ended" never negative, and costs nothing on x86.
            cell.store(
                cell.load(Ordering::Relaxed).wrapping_add(n),
                Ordering::Release,
            );
        } else {
            cell.fetch_add(n, Ordering::AcqRel);
        }
    }

    /// Adds an observation to the sum at `id` and one to the bucket `bucket` cells further. The cells
    /// of a histogram lie in one chunk, so it is looked up once.
    #[inline]
    pub(crate) fn observe(self, id: u32, bucket: u32, observation: f64) {
        let (chunk, offset) = self.slab.chunk(id);
        let (sum, count) = (&chunk[offset], &chunk[(offset + bucket as usize) % CHUNK]);
        if self.own {
            count.store(
                count.load(Ordering::Relaxed).wrapping_add(1),
                Ordering::Release,
            );
            let total = f64::from_bits(sum.load(Ordering::Relaxed)) + observation;
            sum.store(total.to_bits(), Ordering::Relaxed);
        } else {
            count.fetch_add(1, Ordering::AcqRel);
            change_among_others(sum, |bits| (f64::from_bits(bits) + observation).to_bits());
        }
    }

    /// Adds `n` to a cell that holds an `f64`.
    #[inline]
    pub(crate) fn add_f64(self, id: u32, n: f64) {
        self.change(id, |bits| (f64::from_bits(bits) + n).to_bits());
    }

    /// Raises a cell that holds an `f64` that is not negative: such numbers sort like their bits.
    #[inline]
    pub(crate) fn raise(self, id: u32, n: f64) {
        self.change(id, |bits| bits.max(n.to_bits()));
    }

    /// Raises the cell of the current window, of the two at `id`.
    #[inline]
    pub(crate) fn raise_windowed(self, id: u32, n: f64) {
        let window = self.slab.window.load(Ordering::Relaxed);
        let new = mark(window, n);
        self.change(id + (window & 1), |old| {
            if old >> VALUE_BITS == new >> VALUE_BITS {
                old.max(new)
            } else {
                new
            }
        });
    }

    #[inline]
    fn change(self, id: u32, change: impl Fn(u64) -> u64) {
        let cell = self.slab.cell(id);
        if self.own {
            cell.store(change(cell.load(Ordering::Relaxed)), Ordering::Relaxed);
        } else {
            change_among_others(cell, change);
        }
    }
}

/// Changes a cell that others write to as well.
#[cold]
fn change_among_others(cell: &AtomicU64, change: impl Fn(u64) -> u64) {
    let mut old = cell.load(Ordering::Relaxed);
    while let Err(now) =
        cell.compare_exchange_weak(old, change(old), Ordering::Relaxed, Ordering::Relaxed)
    {
        old = now;
    }
}

/// A windowed cell holds the window's low 16 bits above the upper 48 bits of an `f64`: value and
/// window change in one store, and 36 bits of mantissa are left.
const VALUE_BITS: u32 = 48;

fn mark(window: u32, value: f64) -> u64 {
    (u64::from(window) << VALUE_BITS) | (value.to_bits() >> (64 - VALUE_BITS))
}

/// The value of a windowed cell, if it is of this window or the last.
pub(super) fn windowed(cell: u64, window: u32) -> Option<f64> {
    let age = (window as u16).wrapping_sub((cell >> VALUE_BITS) as u16);
    (cell != 0 && age <= 1).then(|| f64::from_bits(cell << (64 - VALUE_BITS)))
}

#[inline]
fn place(id: u32) -> (usize, usize) {
    // The mask never bites: ids are handed out below `CAPACITY`. It spares the bounds check.
    ((id as usize / CHUNK) % CHUNKS, id as usize % CHUNK)
}

/// An array made on the heap: on the stack it would be too large.
fn boxed<T: std::fmt::Debug, const N: usize>(make: impl FnMut() -> T) -> Box<[T; N]> {
    let items: Box<[T]> = std::iter::repeat_with(make).take(N).collect();
    // UNWRAP: `take(N)` of an endless iterator has N items.
    items.try_into().expect("N items")
}
