//! How a family is read: series by series, from any of them onwards.

use std::marker::PhantomData;
use std::sync::Arc;

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
        let Inner { shape, index } = &*self.inner;
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
            if is_zero(&value) && !index.shows_zero(series) {
                continue;
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

    fn heap_bytes(&self) -> usize {
        size_of::<Inner>() + self.inner.index.heap_bytes()
    }
}

fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Counter(count) => *count == 0,
        Value::FloatCounter(total) => *total == 0.0,
        // A gauge that is 0 was set to 0, or moved and came back.
        Value::Gauge(_) => false,
        Value::Histogram(histogram) => histogram.count() == 0,
    }
}
