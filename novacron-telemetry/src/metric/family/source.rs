//! How a family is read: series by series, from any of them onwards.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Inner;
use crate::metric::scalar::{Buffer, Place, Scalar};
use crate::metric::visit::{Faults, Flow, Head, Labels, Pin, Source, Value, Visitor};

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

    fn visit(&self, _: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
        let Inner {
            shape,
            index,
            recorded,
        } = &*self.inner;
        let view = shape.cells.view();
        let mut buffer = Buffer::default();
        let mut fragments = Vec::new();
        // Series that are added while this walks are shown by the next scrape at the latest.
        for series in from as u32..index.len() {
            let Some(cell) = index.written(series) else {
                continue;
            };
            let Some(value) = M::read(shape, &view, Place { series, cell }, &mut buffer) else {
                continue;
            };
            if is_zero::<M>(&value) {
                if !index.shows_zero(series) {
                    continue;
                }
            } else if !recorded.load(Ordering::Relaxed) {
                recorded.store(true, Ordering::Relaxed);
            }
            index.labels(series, &mut fragments);
            let labels = Labels {
                fragments: &fragments,
            };
            if visitor.series(labels, value) == Flow::Pause {
                return Some(series as usize + 1);
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

fn is_zero<M: Scalar>(value: &Value<'_>) -> bool {
    match value {
        Value::Counter(count) => *count == 0,
        Value::FloatCounter(total) => *total == 0.0,
        // A gauge that is set to 0 says so; one that counts what is going on says nothing with it.
        Value::Gauge(value) => M::ZERO_START && *value == 0.0,
        Value::Histogram(histogram) => histogram.count() == 0,
    }
}
