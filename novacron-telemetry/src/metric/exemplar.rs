//! Examples of what was observed: one trace per bucket.
//!
//! An exemplar ties a bucket to a trace that landed in it. It knows ids as bytes; what a span is, it
//! does not know. Keeping one never waits: if another thread is writing to the same slot, the
//! exemplar is let go and the observation still counts.

use std::time::{SystemTime, UNIX_EPOCH};

use super::family::grown::Grown;
use crate::sync::{AtomicU64, Ordering, fence};

/// A trace that an observation came from.
///
/// ```
/// use novacron_telemetry::metric::exemplar::Exemplar;
///
/// let exemplar = Exemplar::new(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7, 0.25);
/// assert_eq!(exemplar.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar {
    /// The trace's 16 bytes.
    pub trace_id: u128,
    /// The span's 8 bytes.
    pub span_id: u64,
    /// What was observed.
    pub value: f64,
    /// When, as Unix time in seconds; 0 if the clock stood before 1970.
    pub unix_seconds: f64,
}

impl Exemplar {
    /// An exemplar of this moment.
    #[must_use]
    pub fn new(trace_id: u128, span_id: u64, value: f64) -> Self {
        Self {
            trace_id,
            span_id,
            value,
            unix_seconds: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0.0, |since| since.as_secs_f64()),
        }
    }
}

/// The exemplars of one family: a slot per series and bucket, made when first used.
#[derive(Debug)]
pub(crate) struct Exemplars {
    buckets: usize,
    series: Grown<crate::sync::OnceLock<Box<[Slot]>>>,
}

impl Exemplars {
    pub(crate) fn new(buckets: usize) -> Self {
        Self {
            buckets,
            series: Grown::new(),
        }
    }

    pub(crate) fn keep(&self, series: u32, bucket: u32, exemplar: Exemplar) {
        let slots = self
            .series
            .get_or_make(series, crate::sync::OnceLock::new)
            .get_or_init(|| (0..self.buckets).map(|_| Slot::default()).collect());
        if let Some(slot) = slots.get(bucket as usize) {
            slot.write(&exemplar);
        }
    }

    pub(crate) fn read(&self, series: u32, out: &mut Vec<Option<Exemplar>>) {
        if let Some(slots) = self.series.get(series).and_then(|slots| slots.get()) {
            out.extend(slots.iter().map(Slot::read));
        }
    }
}

/// One exemplar under a sequence number: odd while it is being written.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    sequence: AtomicU64,
    fields: [AtomicU64; 5],
}

impl Slot {
    pub(crate) fn write(&self, exemplar: &Exemplar) {
        let before = self.sequence.load(Ordering::Relaxed);
        if before % 2 == 1
            || self
                .sequence
                .compare_exchange(before, before + 1, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        // The odd number is seen before any new field is.
        fence(Ordering::Release);
        let Exemplar {
            trace_id,
            span_id,
            value,
            unix_seconds,
        } = exemplar;
        let words = [
            (trace_id >> 64) as u64,
            *trace_id as u64,
            *span_id,
            value.to_bits(),
            unix_seconds.to_bits(),
        ];
        for (field, word) in self.fields.iter().zip(words) {
            field.store(word, Ordering::Relaxed);
        }
        self.sequence.store(before + 2, Ordering::Release);
    }

    pub(crate) fn read(&self) -> Option<Exemplar> {
        let before = self.sequence.load(Ordering::Acquire);
        if before == 0 || before % 2 == 1 {
            return None;
        }
        let mut words = [0; 5];
        for (word, field) in words.iter_mut().zip(&self.fields) {
            *word = field.load(Ordering::Relaxed);
        }
        fence(Ordering::Acquire);
        let [high, low, span_id, value, unix_seconds] = words;
        (self.sequence.load(Ordering::Relaxed) == before).then(|| Exemplar {
            trace_id: (u128::from(high) << 64) | u128::from(low),
            span_id,
            value: f64::from_bits(value),
            unix_seconds: f64::from_bits(unix_seconds),
        })
    }
}
