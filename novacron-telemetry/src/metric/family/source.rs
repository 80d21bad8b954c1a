//! How a family is read: series by series, from any of them onwards.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Inner;
use super::index::RUN;
use super::table::Fragments;
use crate::metric::scalar::{Buffer, Place, Scalar};
use crate::metric::visit::{Faults, Flow, Head, Pin, Source, Value, Visitor};

pub(super) struct FamilySource<M> {
    inner: Arc<Inner>,
    metric: PhantomData<fn() -> M>,
}

impl<M: Scalar> FamilySource<M> {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            metric: PhantomData,
        }
    }
}

impl<M: Scalar> Source for FamilySource<M> {
    fn head(&self) -> Head<'_> {
        Head::of(self.inner.shape.descriptor)
    }

    fn collector(&self) -> Option<&str> {
        self.inner.shape.descriptor.writer.collector()
    }

    fn visit(&self, _: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
        let Inner {
            shape,
            index,
            recorded,
        } = &*self.inner;
        let view = shape.cells.view();
        let mut buffer = Buffer::default();
        let mut fragments = Fragments::default();
        // Series that are added while this walks are shown by the next scrape at the latest.
        let len = index.len();
        let mut next = from as u32;
        while next < len {
            let run = index.run(next, len);
            next = run.series.end;
            let Some(first) = run.cell else {
                continue;
            };
            let mut sums = [0; RUN as usize];
            if M::SUMMED.is_some() {
                view.sums(first, &mut sums[..run.series.len()]);
            }
            for (at, series) in run.series.clone().enumerate() {
                let cell = first + at as u32 * run.width;
                let value = match M::SUMMED {
                    Some(value) => Some(value(sums[at])),
                    None => M::read(shape, &view, Place { series, cell }, &mut buffer),
                };
                let Some(value) = value else {
                    continue;
                };
                if is_zero::<M>(&value) {
                    if !index.shows_zero(series) {
                        continue;
                    }
                } else if !recorded.load(Ordering::Relaxed) {
                    recorded.store(true, Ordering::Relaxed);
                }
                run.labels(at, &mut fragments);
                if visitor.series(fragments.labels(), value) == Flow::Pause {
                    return Some(series as usize + 1);
                }
            }
        }
        None
    }

    fn faults(&self) -> Faults {
        self.inner.shape.faults()
    }

    fn recorded(&self) -> bool {
        self.inner.recorded.load(Ordering::Relaxed)
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Inner>() + self.inner.index.heap_bytes()
    }
}

#[inline]
fn is_zero<M: Scalar>(value: &Value<'_>) -> bool {
    match value {
        Value::Counter(count) => *count == 0,
        Value::FloatCounter(total) => *total == 0.0,
        // A gauge that is set to 0 says so; one that counts what is going on says nothing with it.
        Value::Gauge(value) => M::ZERO_START && *value == 0.0,
        Value::Histogram(histogram) => histogram.count() == 0,
        Value::Summary(summary) => summary.count == 0,
    }
}
