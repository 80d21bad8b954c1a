//! The greatest number of late: a true maximum beside a histogram's estimate.

use super::descriptor::{Descriptor, Keeping, Kind};
use super::scalar::{Buffer, Place, Scalar, Shape, refuse};
use super::visit::Value;
use crate::cell::{CellId, Cells, View, write};

/// The greatest observation of this window of 60 seconds and the last one; absent when there was
/// none. A histogram cannot say what its largest observation was; this can.
///
/// Observations are kept to 36 bits of mantissa, eleven decimal digits.
#[derive(Clone, Copy, Debug)]
pub struct MaxGauge {
    number: u64,
    cell: CellId,
    faults: CellId,
}

impl MaxGauge {
    /// The silent twin.
    #[must_use]
    pub const fn noop() -> Self {
        Self {
            number: 0,
            cell: 0,
            faults: 0,
        }
    }

    /// Takes an observation, which is finite and not negative; anything else is refused and counted.
    #[inline]
    pub fn observe(&self, observation: f64) {
        if !(observation >= 0.0 && observation.is_finite()) {
            return refuse(self.number, self.faults, observation);
        }
        let cell = self.cell;
        write(self.number, move |pen| {
            pen.raise_windowed(cell, observation);
        });
    }

    /// The greatest observation of the current window and the last, if there was one.
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        Cells::find(self.number)?
            .view()
            .greatest_windowed(self.cell)
    }
}

impl Scalar for MaxGauge {
    const KIND: Kind = Kind::Gauge;
    const KEEPING: Keeping = Keeping::Windowed;
    const ZERO_START: bool = false;

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
            faults: shape.faults,
        }
    }

    fn read<'a>(_: &'a Shape, view: &View, at: Place, _: &'a mut Buffer) -> Option<Value<'a>> {
        view.greatest_windowed(at.cell).map(Value::Gauge)
    }
}

/// When something last happened, as Unix time in seconds: the latest time that any thread saw.
///
/// Absent until it happened once. A wall clock that steps back does not take it back.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp {
    number: u64,
    cell: CellId,
}

impl Timestamp {
    /// The silent twin.
    #[must_use]
    pub const fn noop() -> Self {
        Self { number: 0, cell: 0 }
    }

    /// It happened at this Unix time, in seconds; times before 1970 and what is not a number are
    /// ignored.
    #[inline]
    pub fn set(&self, unix_seconds: f64) {
        if unix_seconds > 0.0 && unix_seconds.is_finite() {
            let cell = self.cell;
            write(self.number, move |pen| pen.raise(cell, unix_seconds));
        }
    }

    /// It happened now.
    pub fn set_now(&self) {
        let now = std::time::SystemTime::now();
        if let Ok(since) = now.duration_since(std::time::UNIX_EPOCH) {
            self.set(since.as_secs_f64());
        }
    }

    /// The latest time, if there is one.
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        let seconds = Cells::find(self.number)?.view().greatest(self.cell);
        (seconds > 0.0).then_some(seconds)
    }
}

impl Scalar for Timestamp {
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
            number: shape.number(),
            cell: at.cell,
        }
    }

    fn read<'a>(_: &'a Shape, view: &View, at: Place, _: &'a mut Buffer) -> Option<Value<'a>> {
        let seconds = view.greatest(at.cell);
        (seconds > 0.0).then_some(Value::Gauge(seconds))
    }
}
