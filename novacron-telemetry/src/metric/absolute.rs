//! Totals that somebody else counts: a kernel, a hypervisor.

use std::sync::Arc;

use super::descriptor::{Descriptor, Keeping, Kind};
use super::gauge::known;
use super::scalar::{Buffer, Place, Scalar, Shape, refuse};
use super::visit::Value;
use crate::cell::{CellId, Slab, View};
use crate::sync::Ordering;

/// A total that was read elsewhere and is shown as it was read. Nothing is ever added to it.
///
/// A reading below the last one is a reset at the source, a rebooted guest say; it is shown, since
/// that is what `rate()` expects, and reported to the caller.
#[derive(Clone, Debug)]
pub struct Absolute {
    slab: Option<Arc<Slab>>,
    number: u64,
    cell: CellId,
    faults: CellId,
}

/// What a reading was, beside the one before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// The first one.
    First,
    /// It grew by this much, perhaps by 0.
    Grew(f64),
    /// It fell: the source began anew.
    Reset,
    /// It was negative or not finite; the last reading stays.
    Refused,
}

impl Absolute {
    /// The silent twin.
    #[must_use]
    pub const fn noop() -> Self {
        Self {
            slab: None,
            number: 0,
            cell: 0,
            faults: 0,
        }
    }

    /// Shows this reading from now on.
    pub fn set(&self, reading: f64) -> Reading {
        if !(reading >= 0.0 && reading.is_finite()) {
            refuse(self.number, self.faults, reading);
            return Reading::Refused;
        }
        let Some(slab) = &self.slab else {
            return Reading::First;
        };
        let last = known(slab.cell(self.cell).load(Ordering::Relaxed));
        super::gauge::set(slab, self.cell, reading);
        compare(last, reading)
    }

    /// Forgets the reading: the series is absent until the next `set`.
    pub fn clear(&self) {
        if let Some(slab) = &self.slab {
            slab.cell(self.cell).store(0, Ordering::Relaxed);
        }
    }

    /// The last reading.
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        known(self.slab.as_ref()?.cell(self.cell).load(Ordering::Relaxed))
    }
}

pub(crate) fn compare(last: Option<f64>, reading: f64) -> Reading {
    match last {
        None => Reading::First,
        Some(last) if reading < last => Reading::Reset,
        Some(last) => Reading::Grew(reading - last),
    }
}

impl Scalar for Absolute {
    const KIND: Kind = Kind::Counter;
    const KEEPING: Keeping = Keeping::Read;
    const ZERO_START: bool = false;

    fn width(_: &Descriptor) -> u32 {
        1
    }

    fn silent() -> Self {
        Self::noop()
    }

    fn handle(shape: &Shape, at: Place) -> Self {
        Self {
            slab: Some(Arc::clone(shape.slab())),
            number: shape.number(),
            cell: at.cell,
            faults: shape.faults,
        }
    }

    fn read<'a>(_: &'a Shape, view: &View, at: Place, _: &'a mut Buffer) -> Option<Value<'a>> {
        known(view.shared(at.cell)).map(Value::FloatCounter)
    }
}
