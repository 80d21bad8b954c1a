//! Numbers that go up and down: set by whoever knows, or moved by what begins and ends.

use std::sync::Arc;

use super::descriptor::{Descriptor, Keeping, Kind};
use super::scalar::{Buffer, Place, Scalar, Shape};
use super::visit::Value;
use crate::cell::{CellId, Cells, Slab, View, write};
use crate::sync::Ordering;

/// A number that is set. The last writer wins; absent until somebody knows it.
///
/// NaN and the infinities may be set: a gauge says what it was told.
#[derive(Clone, Debug)]
pub struct Gauge {
    slab: Option<Arc<Slab>>,
    cell: CellId,
}

impl Gauge {
    /// The silent twin.
    #[must_use]
    pub const fn noop() -> Self {
        Self {
            slab: None,
            cell: 0,
        }
    }

    /// Sets the value.
    #[inline]
    pub fn set(&self, value: f64) {
        if let Some(slab) = &self.slab {
            set(slab, self.cell, value);
        }
    }

    /// Forgets the value: the series is absent until the next `set`.
    pub fn clear(&self) {
        if let Some(slab) = &self.slab {
            clear(slab, self.cell);
        }
    }

    /// Sets the value if there is one, and forgets it if not: for what is read elsewhere.
    pub fn set_or_clear(&self, value: Option<f64>) {
        match value {
            Some(value) => self.set(value),
            None => self.clear(),
        }
    }

    /// The value, if it is known.
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        let bits = self.slab.as_ref()?.cell(self.cell).load(Ordering::Relaxed);
        known(bits)
    }
}

/// Sets a held cell of `slab`.
#[inline]
pub(crate) fn set(slab: &Slab, cell: CellId, value: f64) {
    // One NaN is as good as another, and `ABSENT` must stay free.
    let value = if value.is_nan() { f64::NAN } else { value };
    slab.cell(cell)
        .store(value.to_bits() ^ ABSENT, Ordering::Relaxed);
}

/// Forgets what a held cell of `slab` was set to.
pub(crate) fn clear(slab: &Slab, cell: CellId) {
    slab.cell(cell).store(0, Ordering::Relaxed);
}

/// A held cell is stored with these bits flipped, so that the zero a cell starts with is a NaN that
/// nobody can set: absent.
const ABSENT: u64 = 0x7ff8_dead_0000_0001;

#[inline]
pub(crate) fn known(bits: u64) -> Option<f64> {
    (bits != 0).then(|| f64::from_bits(bits ^ ABSENT))
}

impl Scalar for Gauge {
    const KIND: Kind = Kind::Gauge;
    const KEEPING: Keeping = Keeping::Held;
    const ZERO_START: bool = false;

    fn width(_: &Descriptor) -> u32 {
        1
    }

    fn silent() -> Self {
        Self::noop()
    }

    #[inline]
    fn handle(shape: &Shape, at: Place) -> Self {
        Self {
            slab: Some(Arc::clone(shape.slab())),
            cell: at.cell,
        }
    }

    fn read<'a>(_: &'a Shape, view: &View, at: Place, _: &'a mut Buffer) -> Option<Value<'a>> {
        known(view.shared(at.cell)).map(Value::Gauge)
    }
}

/// A number of things that are going on: what began minus what ended.
///
/// Both are counted apart, and a reading takes the ends first, so it is never below 0 however many
/// threads begin and end while it reads.
#[derive(Clone, Copy, Debug)]
pub struct UpDownGauge {
    number: u64,
    cell: CellId,
}

const BEGUN: u32 = 0;
const ENDED: u32 = 1;

impl UpDownGauge {
    /// The silent twin.
    #[must_use]
    pub const fn noop() -> Self {
        Self { number: 0, cell: 0 }
    }

    /// One more.
    #[inline]
    pub fn inc(&self) {
        let cell = self.cell;
        write(self.number, move |pen| pen.add(cell + BEGUN, 1));
    }

    /// One less.
    #[inline]
    pub fn dec(&self) {
        let cell = self.cell;
        write(self.number, move |pen| pen.add(cell + ENDED, 1));
    }

    /// One more, until the guard is dropped.
    #[inline]
    #[must_use = "dropped at once, it counts nothing"]
    pub fn guard(&self) -> InFlight {
        self.inc();
        InFlight(*self)
    }

    /// How many are going on now.
    #[must_use]
    pub fn get(&self) -> i64 {
        Cells::find(self.number).map_or(0, |cells| balance(&cells.view(), self.cell))
    }
}

fn balance(view: &View, cell: CellId) -> i64 {
    let ended = view.sum(cell + ENDED);
    let begun = view.sum(cell + BEGUN);
    begun.wrapping_sub(ended).cast_signed()
}

impl Scalar for UpDownGauge {
    const KIND: Kind = Kind::Gauge;
    const KEEPING: Keeping = Keeping::Held;
    const ZERO_START: bool = true;

    fn width(_: &Descriptor) -> u32 {
        2
    }

    fn silent() -> Self {
        Self::noop()
    }

    #[inline]
    fn handle(shape: &Shape, at: Place) -> Self {
        Self {
            number: shape.number(),
            cell: at.cell,
        }
    }

    fn read<'a>(_: &'a Shape, view: &View, at: Place, _: &'a mut Buffer) -> Option<Value<'a>> {
        Some(Value::Gauge(balance(view, at.cell) as f64))
    }
}

/// One thing that is going on; it ends when this is dropped.
#[derive(Debug)]
#[must_use = "dropped at once, it counts nothing"]
pub struct InFlight(UpDownGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
