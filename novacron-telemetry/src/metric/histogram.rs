//! Observations, counted by size.

use std::sync::Arc;

use super::bounds::Bounds;
use super::descriptor::{Descriptor, Keeping, Kind};
use super::exemplar::{Exemplar, Exemplars};
use super::scalar::{Buffer, Place, Scalar, Shape, refuse};
use super::timer::{Seconds, Timer};
use super::visit::{HistogramValue, Value};
use crate::cell::{CellId, View, write};

/// Counts observations in buckets with fixed bounds, and adds them up.
///
/// There is no cell for the count: it is the sum of the buckets that were read, so `_count` and
/// `+Inf` agree by construction. `_sum` may be ahead by the observations in progress.
#[derive(Clone, Debug)]
pub struct Histogram {
    number: u64,
    at: Place,
    faults: CellId,
    bounds: &'static Bounds,
    exemplars: Option<Arc<Exemplars>>,
}

/// The first cell holds the sum, the next ones the buckets.
const SUM: u32 = 0;
const FIRST: u32 = 1;

impl Histogram {
    /// The silent twin.
    #[must_use]
    pub const fn noop() -> Self {
        Self {
            number: 0,
            at: Place { series: 0, cell: 0 },
            faults: 0,
            bounds: Bounds::NONE,
            exemplars: None,
        }
    }

    /// Takes an observation, which is finite and not negative; anything else is refused and counted
    /// in `novacron_telemetry_rejected_observations_total`.
    #[inline]
    pub fn observe(&self, observation: impl Into<Seconds>) {
        observe(
            self.number,
            self.faults,
            self.at.cell,
            self.bounds,
            observation.into().get(),
        );
    }

    /// Takes an observation and keeps `exemplar` in its bucket, if the family keeps exemplars.
    pub fn observe_with(
        &self,
        observation: impl Into<Seconds>,
        exemplar: impl FnOnce(f64) -> Exemplar,
    ) {
        let observation = observation.into().get();
        observe(
            self.number,
            self.faults,
            self.at.cell,
            self.bounds,
            observation,
        );
        if let Some(exemplars) = &self.exemplars
            && observation >= 0.0
            && observation.is_finite()
        {
            let bucket = self.bounds.bucket(observation);
            exemplars.keep(self.at.series, bucket, exemplar(observation));
        }
    }

    /// Takes observations that were counted elsewhere, in buckets of the same bounds: how many fell
    /// into each bucket, the last one being what is above all bounds, and their sum.
    ///
    /// Counts of another number of buckets, and a sum that is negative or not finite, are refused
    /// and counted in `novacron_telemetry_rejected_observations_total`.
    pub fn merge(&self, counts: &[u64], sum: f64) {
        let buckets = self.bounds.upper.len() + 1;
        if counts.len() != buckets || !(sum >= 0.0 && sum.is_finite()) {
            return refuse(self.number, self.faults, sum);
        }
        let cell = self.at.cell;
        write(self.number, move |pen| {
            for (bucket, count) in (0..).zip(counts) {
                pen.add(cell + FIRST + bucket, *count);
            }
            pen.add_f64(cell + SUM, sum);
        });
    }

    /// Starts a timer that observes its age when it is dropped.
    #[must_use = "dropped at once, it observes next to nothing"]
    pub fn start_timer(&self) -> Timer {
        Timer::new(self.clone())
    }

    /// Runs `f` and observes how long it took, also if it panics.
    pub fn time<R>(&self, f: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        f()
    }

    /// Observations so far, over all threads, and their sum.
    #[must_use]
    pub fn get(&self) -> (u64, f64) {
        let Some(cells) = crate::cell::Cells::find(self.number) else {
            return (0, 0.0);
        };
        let view = cells.view();
        let buckets = (0..=self.bounds.upper.len() as u32).fold(0u64, |sum, b| {
            sum.wrapping_add(view.sum(self.at.cell + FIRST + b))
        });
        (buckets, view.sum_f64(self.at.cell + SUM))
    }
}

/// Takes an observation into the cells that begin at `cell`.
#[inline]
pub(crate) fn observe(
    number: u64,
    faults: CellId,
    cell: CellId,
    bounds: &Bounds,
    observation: f64,
) {
    if !(observation >= 0.0 && observation.is_finite()) {
        return refuse(number, faults, observation);
    }
    let bucket = bounds.bucket(observation);
    write(number, move |pen| {
        pen.observe(cell, FIRST + bucket, observation);
    });
}

impl Scalar for Histogram {
    const KIND: Kind = Kind::Histogram;
    const KEEPING: Keeping = Keeping::Counted;
    const ZERO_START: bool = true;

    fn width(descriptor: &Descriptor) -> u32 {
        descriptor.buckets.len() as u32 + 2
    }

    fn silent() -> Self {
        Self::noop()
    }

    #[inline]
    fn handle(shape: &Shape, at: Place) -> Self {
        Self {
            number: shape.number(),
            at,
            faults: shape.faults,
            bounds: shape.bounds,
            exemplars: shape.exemplars.clone(),
        }
    }

    fn read<'a>(
        shape: &'a Shape,
        view: &View,
        at: Place,
        buffer: &'a mut Buffer,
    ) -> Option<Value<'a>> {
        let bounds = shape.bounds.upper;
        buffer.cells.clear();
        buffer.cells.resize(bounds.len() + 1, 0);
        view.sums(at.cell + FIRST, &mut buffer.cells);
        buffer.exemplars.clear();
        if let Some(exemplars) = &shape.exemplars {
            exemplars.read(at.series, &mut buffer.exemplars);
        }
        Some(Value::Histogram(HistogramValue {
            bounds,
            le: shape.bounds.le,
            buckets: &buffer.cells,
            sum: view.sum_f64(at.cell + SUM),
            exemplars: &buffer.exemplars,
        }))
    }
}
