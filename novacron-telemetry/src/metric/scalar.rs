//! What all single numbers have in common: cells of a fixed width, a handle, a reading.

use std::sync::Arc;

use super::bounds::Bounds;
use super::descriptor::{Descriptor, Keeping, Kind};
use super::exemplar::Exemplars;
use super::visit::{Faults, Value};
use super::{Limits, Room};
use crate::cell::{CellId, Cells, Slab, View, write};

/// An instrument without labels, which a family can have many of.
pub trait Scalar: Clone + Send + Sync + 'static {
    #[doc(hidden)]
    const KIND: Kind;
    #[doc(hidden)]
    const KEEPING: Keeping;
    /// Whether a series that nobody wrote yet is shown as 0.
    #[doc(hidden)]
    const ZERO_START: bool;

    /// Cells per series.
    #[doc(hidden)]
    fn width(descriptor: &Descriptor) -> u32;

    #[doc(hidden)]
    fn silent() -> Self;

    /// The handle of the series whose cells begin at `at`.
    #[doc(hidden)]
    fn handle(shape: &Shape, at: Place) -> Self;

    /// What a series shows whose only cell adds up to this; `None` for instruments that are more
    /// than one added-up cell. Such series are read many at once.
    #[doc(hidden)]
    const SUMMED: Option<fn(u64) -> Value<'static>> = None;

    /// What the series shows; `None` if there is nothing to show.
    #[doc(hidden)]
    fn read<'a>(
        shape: &'a Shape,
        view: &View,
        at: Place,
        buffer: &'a mut Buffer,
    ) -> Option<Value<'a>>;
}

/// Where a series stands in its family, and where its cells begin.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub(crate) series: u32,
    pub(crate) cell: CellId,
}

/// What the series of one family share.
#[derive(Debug)]
pub struct Shape {
    pub(crate) descriptor: &'static Descriptor,
    pub(crate) cells: Arc<Cells>,
    pub(crate) bounds: &'static Bounds,
    pub(crate) exemplars: Option<Arc<Exemplars>>,
    pub(crate) limits: Limits,
    /// Four cells: not a number, infinite, negative, overflow.
    pub(crate) faults: CellId,
}

pub(crate) const NAN: u32 = 0;
pub(crate) const INFINITE: u32 = 1;
pub(crate) const NEGATIVE: u32 = 2;
pub(crate) const OVERFLOW: u32 = 3;

impl Shape {
    pub(crate) fn new(descriptor: &'static Descriptor, room: &Room<'_>) -> Self {
        Self {
            descriptor,
            cells: Arc::clone(room.cells),
            bounds: Bounds::of(descriptor.buckets),
            exemplars: descriptor
                .exemplars
                .then(|| Arc::new(Exemplars::new(descriptor.buckets.len() + 1))),
            limits: room.limits,
            faults: room.cells.allocate(4).unwrap_or(0),
        }
    }

    #[inline]
    pub(crate) fn number(&self) -> u64 {
        self.cells.number()
    }

    pub(crate) fn slab(&self) -> &Arc<Slab> {
        self.cells.shared()
    }

    pub(crate) fn faults(&self) -> Faults {
        let view = self.cells.view();
        Faults {
            nan: view.sum(self.faults + NAN),
            infinite: view.sum(self.faults + INFINITE),
            negative: view.sum(self.faults + NEGATIVE),
            overflow: view.sum(self.faults + OVERFLOW),
        }
    }
}

/// Counts an observation that cannot be taken.
#[cold]
#[inline(never)]
pub(crate) fn refuse(number: u64, faults: CellId, observation: f64) {
    let reason = if observation.is_nan() {
        NAN
    } else if observation.is_infinite() {
        INFINITE
    } else {
        NEGATIVE
    };
    write(number, move |pen| pen.add(faults + reason, 1));
}

/// Room for the buckets of one histogram while it is read.
#[derive(Debug, Default)]
pub struct Buffer {
    pub(crate) cells: Vec<u64>,
    pub(crate) exemplars: Vec<Option<super::exemplar::Exemplar>>,
}
