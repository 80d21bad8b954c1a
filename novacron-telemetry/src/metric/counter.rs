//! Totals that only grow: whole things, or seconds and other fractions.

use super::descriptor::{Descriptor, Keeping, Kind};
use super::scalar::{Buffer, Place, Scalar, Shape, refuse};
use super::visit::Value;
use crate::cell::{CellId, Cells, View, write};

/// A count of whole things. Wraps at 2⁶⁴; starts at 0 with the process.
///
/// ```
/// use novacron_telemetry::registry::{MetricGroup, Registry};
/// use novacron_telemetry::metric::Counter;
///
/// #[derive(Clone, Debug, MetricGroup)]
/// #[metrics(prefix = "acme")]
/// struct Jobs {
///     /// Jobs taken from the queue.
///     jobs_total: Counter,
/// }
///
/// let registry = Registry::new();
/// let jobs = registry.register::<Jobs>()?;
/// jobs.jobs_total.inc();
/// jobs.jobs_total.inc_by(2);
/// assert_eq!(jobs.jobs_total.get(), 3);
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    number: u64,
    cell: CellId,
}

impl Counter {
    /// The silent twin.
    #[must_use]
    pub const fn noop() -> Self {
        Self { number: 0, cell: 0 }
    }

    /// Counts one.
    #[inline]
    pub fn inc(&self) {
        self.inc_by(1);
    }

    /// Counts `n`.
    #[inline]
    pub fn inc_by(&self, n: u64) {
        let cell = self.cell;
        write(self.number, move |pen| pen.add(cell, n));
    }

    /// What was counted so far, over all threads. Reads every thread's cells: for tests and
    /// reports, not for hot paths.
    #[must_use]
    pub fn get(&self) -> u64 {
        Cells::find(self.number).map_or(0, |cells| cells.view().sum(self.cell))
    }
}

impl Scalar for Counter {
    const KIND: Kind = Kind::Counter;
    const KEEPING: Keeping = Keeping::Counted;
    const ZERO_START: bool = true;
    const SUMMED: Option<fn(u64) -> Value<'static>> = Some(Value::Counter);

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

    #[inline]
    fn read<'a>(_: &'a Shape, view: &View, at: Place, _: &'a mut Buffer) -> Option<Value<'a>> {
        Some(Value::Counter(view.sum(at.cell)))
    }
}

/// A total with fractions, such as seconds spent. Refuses what is negative or not finite.
#[derive(Clone, Copy, Debug)]
pub struct FloatCounter {
    number: u64,
    cell: CellId,
    faults: CellId,
}

impl FloatCounter {
    /// The silent twin.
    #[must_use]
    pub const fn noop() -> Self {
        Self {
            number: 0,
            cell: 0,
            faults: 0,
        }
    }

    /// Adds `n`, which is finite and not negative; anything else is refused and counted in
    /// `novacron_telemetry_rejected_observations_total`.
    #[inline]
    pub fn inc_by(&self, n: f64) {
        if !(n >= 0.0 && n.is_finite()) {
            return refuse(self.number, self.faults, n);
        }
        let cell = self.cell;
        write(self.number, move |pen| pen.add_f64(cell, n));
    }

    /// The total so far, over all threads.
    #[must_use]
    pub fn get(&self) -> f64 {
        Cells::find(self.number).map_or(0.0, |cells| cells.view().sum_f64(self.cell))
    }
}

impl Scalar for FloatCounter {
    const KIND: Kind = Kind::Counter;
    const KEEPING: Keeping = Keeping::Counted;
    const ZERO_START: bool = true;

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
            faults: shape.faults,
        }
    }

    fn read<'a>(_: &'a Shape, view: &View, at: Place, _: &'a mut Buffer) -> Option<Value<'a>> {
        Some(Value::FloatCounter(view.sum_f64(at.cell)))
    }
}
