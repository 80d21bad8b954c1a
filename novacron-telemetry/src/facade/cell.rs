//! The numbers behind the facade's handles.
//!
//! Plain shared atomics: a handle of the `metrics` crate may be cloned into any thread, and most are
//! made anew for each event, which costs more than the atomic does.

use std::sync::Arc;

use super::series::{Series, Shape};
use crate::metric::Kind;
use crate::metric::visit::{HistogramValue, Value};
use crate::sync::{AtomicU64, Ordering};

/// What a series of one kind holds.
pub(super) trait Cell: Send + Sync + Sized + 'static {
    const KIND: Kind;
    /// What the `metrics` crate calls it.
    type Handle;

    fn new(shape: &Shape) -> Self;
    fn handle(series: Arc<Series<Self>>) -> Self::Handle;
    fn silent() -> Self::Handle;
    /// The value now; `None` if there is none yet.
    fn read<'a>(&self, shape: &'a Shape, scratch: &'a mut Vec<u64>) -> Option<Value<'a>>;
    /// What it takes besides the series, in bytes.
    fn heap_bytes(&self) -> usize {
        0
    }
}

pub(super) struct CounterCell(AtomicU64);

impl Cell for CounterCell {
    const KIND: Kind = Kind::Counter;
    type Handle = metrics::Counter;

    fn new(_: &Shape) -> Self {
        Self(AtomicU64::new(0))
    }

    fn handle(series: Arc<Series<Self>>) -> metrics::Counter {
        metrics::Counter::from_arc(series)
    }

    fn silent() -> metrics::Counter {
        metrics::Counter::noop()
    }

    fn read<'a>(&self, _: &'a Shape, _: &'a mut Vec<u64>) -> Option<Value<'a>> {
        Some(Value::Counter(self.0.load(Ordering::Relaxed)))
    }
}

impl metrics::CounterFn for Series<CounterCell> {
    fn increment(&self, value: u64) {
        self.landed(1);
        // Wraps past the end, which readers see as a restart.
        self.cell.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.landed(1);
        self.cell.0.fetch_max(value, Ordering::Relaxed);
    }
}

/// The bits are flipped with [`ABSENT`], so that 0 means that nobody has set it.
pub(super) struct GaugeCell(AtomicU64);

/// A NaN that nobody can set: see [`GaugeCell::bits`].
const ABSENT: u64 = 0x7ff8_dead_0000_0002;

impl GaugeCell {
    fn bits(value: f64) -> u64 {
        // One NaN is as good as another, and `ABSENT` must stay free.
        let value = if value.is_nan() { f64::NAN } else { value };
        value.to_bits() ^ ABSENT
    }

    fn known(bits: u64) -> Option<f64> {
        (bits != 0).then(|| f64::from_bits(bits ^ ABSENT))
    }
}

impl Cell for GaugeCell {
    const KIND: Kind = Kind::Gauge;
    type Handle = metrics::Gauge;

    fn new(_: &Shape) -> Self {
        Self(AtomicU64::new(0))
    }

    fn handle(series: Arc<Series<Self>>) -> metrics::Gauge {
        metrics::Gauge::from_arc(series)
    }

    fn silent() -> metrics::Gauge {
        metrics::Gauge::noop()
    }

    fn read<'a>(&self, _: &'a Shape, _: &'a mut Vec<u64>) -> Option<Value<'a>> {
        Self::known(self.0.load(Ordering::Relaxed)).map(Value::Gauge)
    }
}

impl Series<GaugeCell> {
    fn add(&self, delta: f64) {
        // Added once, it would be the gauge's value until somebody sets it.
        if !delta.is_finite() {
            return self.shape.refuse(delta);
        }
        self.landed(1);
        let moved = |bits| {
            Some(GaugeCell::bits(
                GaugeCell::known(bits).unwrap_or(0.0) + delta,
            ))
        };
        // Never `Err`: `moved` always has an answer.
        let _ = self
            .cell
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved);
    }
}

impl metrics::GaugeFn for Series<GaugeCell> {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, value: f64) {
        self.landed(1);
        self.cell.0.store(GaugeCell::bits(value), Ordering::Relaxed);
    }
}

/// Counted on the spot: no observation is kept, so nothing grows when nobody scrapes.
pub(super) struct HistogramCell {
    buckets: Box<[AtomicU64]>,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

impl Cell for HistogramCell {
    const KIND: Kind = Kind::Histogram;
    type Handle = metrics::Histogram;

    fn new(shape: &Shape) -> Self {
        Self {
            buckets: (0..=shape.bounds.len())
                .map(|_| AtomicU64::new(0))
                .collect(),
            sum: AtomicU64::new(0),
        }
    }

    fn handle(series: Arc<Series<Self>>) -> metrics::Histogram {
        metrics::Histogram::from_arc(series)
    }

    fn silent() -> metrics::Histogram {
        metrics::Histogram::noop()
    }

    fn read<'a>(&self, shape: &'a Shape, scratch: &'a mut Vec<u64>) -> Option<Value<'a>> {
        scratch.clear();
        scratch.extend(self.buckets.iter().map(|n| n.load(Ordering::Relaxed)));
        Some(Value::Histogram(HistogramValue {
            bounds: &shape.bounds,
            le: &shape.le,
            buckets: scratch,
            sum: f64::from_bits(self.sum.load(Ordering::Relaxed)),
            exemplars: &[],
        }))
    }

    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }
}

impl metrics::HistogramFn for Series<HistogramCell> {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        let total = value * count as f64;
        // The product is looked at as well: an infinite sum would stay infinite.
        if !(value >= 0.0 && total.is_finite()) {
            let itself = value >= 0.0 && value.is_finite();
            return self.shape.refuse(if itself { total } else { value });
        }
        let count = count as u64;
        self.landed(count);
        let bucket = self.shape.bounds.partition_point(|bound| *bound < value);
        // There is one bucket more than there are bounds.
        if let Some(bucket) = self.cell.buckets.get(bucket) {
            bucket.fetch_add(count, Ordering::Relaxed);
        }
        let added = |bits| Some((f64::from_bits(bits) + total).to_bits());
        // Never `Err`: `added` always has an answer.
        let _ = self
            .cell
            .sum
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, added);
    }
}
