//! One instrument per label set.

mod front;
pub(crate) mod grown;
mod hash;
mod index;
#[cfg(all(test, novacron_loom))]
mod models;
mod record;
mod slots;
mod source;
pub(crate) mod table;
#[cfg(all(test, not(novacron_loom)))]
mod tests;
mod texts;

pub(crate) use index::Joined;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::descriptor::{Descriptor, Keeping, Kind};
use super::scalar::{OVERFLOW, Place, Scalar, Shape};
use super::visit::Source;
use super::{Instrument, Room};
use crate::cell::{CellId, write};
use crate::label::{LabelDescriptor, LabelKey, LabelSet};
use index::Index;
use source::FamilySource;

/// One `M` per label set `L`.
///
/// If every label is closed, a series is a place in a table that exists from the start: no hash, no
/// lock, and up to 64 label sets of counters and histograms show 0 before anything happened. If a
/// label is open, series are found in an insert-only table; finding one takes no lock and
/// allocates nothing.
///
/// ```
/// use novacron_telemetry::catalog::{ApiMetrics, Method, RequestLabelsRef, Status};
/// use novacron_telemetry::Registry;
///
/// let registry = Registry::new();
/// let api = registry.register::<ApiMetrics>()?;
/// // The borrowed twin: no `String` is made to find a series.
/// let labels = RequestLabelsRef { method: Method::Get, endpoint: "/api/v1/vms", status: Status::OK };
/// api.requests_total.inc(&labels);
/// let held = api.requests_total.with(&labels);
/// held.inc();
/// assert_eq!(held.get(), 2);
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
pub struct Family<L, M> {
    inner: Option<Arc<Inner>>,
    types: PhantomData<fn(L) -> M>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) shape: Shape,
    pub(crate) index: Index,
    /// Set by the first reading that shows more than zeros.
    pub(crate) recorded: AtomicBool,
}

/// A series that was looked up once, for all families that share its table: those of one group
/// that are declared `joined`, and all whose labels are closed.
pub struct Row<L> {
    series: u32,
    table: u32,
    labels: PhantomData<fn(L)>,
}

impl<L> Clone for Row<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Row<L> {}

impl<L> fmt::Debug for Row<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Row").field(&self.series).finish()
    }
}

impl<L: LabelSet, M: Scalar> Family<L, M> {
    /// The handle of one series, which is made if it is not there yet. Hold it where the labels do
    /// not change: it needs no look-up.
    pub fn with<K: LabelKey<L>>(&self, key: &K) -> M {
        match self.find(key) {
            Some((inner, at)) => M::handle(&inner.shape, at),
            None => M::silent(),
        }
    }

    /// Makes a series, so that it shows 0 until something happens.
    pub fn touch<K: LabelKey<L>>(&self, key: &K) {
        self.touched(key);
    }

    /// Makes series that belong together, such as all statuses of one operation: whichever has its
    /// first event, it is an increase. Once they are made this is one look-up, so that verbs can
    /// afford it each time they begin.
    #[inline]
    pub fn touch_together<K: LabelKey<L>>(&self, keys: impl IntoIterator<Item = K>) {
        let mut keys = keys.into_iter();
        if keys.next().is_some_and(|first| self.touched(&first)) {
            self.touch_each(keys);
        }
    }

    #[cold]
    #[inline(never)]
    fn touch_each<K: LabelKey<L>>(&self, keys: impl IntoIterator<Item = K>) {
        for key in keys {
            self.touched(&key);
        }
    }

    /// Makes a series; says whether it is new. Nothing happened yet, so a label set without a place
    /// of its own is not counted.
    #[inline]
    fn touched<K: LabelKey<L>>(&self, key: &K) -> bool {
        let Some(inner) = &self.inner else {
            return false;
        };
        let (found, table) = inner.index.series::<L, K>(key);
        let shown = inner.place(found.series, table).is_some() && inner.index.show(found.series);
        found.new || shown
    }

    /// Looks a series up once, to record it in several joined families with [`at`](Self::at).
    #[inline]
    pub fn row<K: LabelKey<L>>(&self, key: &K) -> Row<L> {
        let (series, table) = match &self.inner {
            Some(inner) => inner.series::<L, K>(key),
            None => (NO_SERIES, 0),
        };
        Row {
            series,
            table,
            labels: PhantomData,
        }
    }

    /// As [`row`](Self::row), but makes no series: `None` if nobody wrote to it yet.
    #[cfg(feature = "grpc")]
    #[inline]
    pub(crate) fn known_row<K: LabelKey<L>>(&self, key: &K) -> Option<Row<L>> {
        let index = &self.inner.as_deref()?.index;
        let (series, _) = index.known::<L, K>(key)?;
        Some(Row {
            series,
            table: index.table(),
            labels: PhantomData,
        })
    }

    /// The handle of a series that was looked up in a joined family; silent if `row` is of a family
    /// that is not joined with this one.
    #[inline]
    pub fn at(&self, row: Row<L>) -> M {
        match &self.inner {
            Some(inner) => match inner.place(row.series, row.table) {
                Some(at) => M::handle(&inner.shape, at),
                None => M::silent(),
            },
            None => M::silent(),
        }
    }

    /// The text of an open label of a series that was looked up; past a cap that is `__other__`.
    pub(crate) fn text(&self, row: Row<L>, label: usize) -> Option<&str> {
        self.inner
            .as_ref()?
            .index
            .text(row.series, row.table, label)
    }

    /// Whether nothing is kept of what is recorded here. Only for verbs that would have to work for
    /// their labels.
    pub(crate) fn is_silent(&self) -> bool {
        self.inner.is_none()
    }

    /// How many series there are; for closed labels, how many there can be.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner
            .as_ref()
            .map_or(0, |inner| inner.index.len() as usize)
    }

    /// Whether there is no series yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn find<K: LabelKey<L>>(&self, key: &K) -> Option<(&Inner, Place)> {
        let inner = self.inner.as_deref()?;
        let at = match inner.index.known::<L, K>(key) {
            Some((series, cell)) => Place { series, cell },
            None => inner.find_new::<L, K>(key)?,
        };
        Some((inner, at))
    }

    #[inline]
    fn cell<K: LabelKey<L>>(&self, key: &K) -> Option<(&Inner, CellId)> {
        self.find(key).map(|(inner, at)| (inner, at.cell))
    }
}

impl<L> Row<L> {
    /// The number of the series among those of its table.
    pub(crate) fn series(self) -> u32 {
        self.series
    }
}

const NO_SERIES: u32 = u32::MAX;

impl Inner {
    /// Series and table of a label set. What found no place of its own is counted.
    #[inline]
    fn series<L: LabelSet, K: LabelKey<L>>(&self, key: &K) -> (u32, u32) {
        let (found, table) = self.index.series::<L, K>(key);
        if found.overflow {
            self.count_overflow();
        }
        (found.series, table)
    }

    /// The place of a label set that was not found.
    #[cold]
    #[inline(never)]
    fn find_new<L: LabelSet, K: LabelKey<L>>(&self, key: &K) -> Option<Place> {
        let (series, table) = self.series::<L, K>(key);
        let place = self.place(series, table);
        // Once more, so that it takes its place in front now and the next look-up finds it warm.
        self.index.known::<L, K>(key);
        place
    }

    #[inline]
    fn place(&self, series: u32, table: u32) -> Option<Place> {
        let cell = self.index.cell(series, table, &self.shape.cells)?;
        Some(Place { series, cell })
    }

    #[cold]
    fn count_overflow(&self) {
        let fault = self.shape.faults + OVERFLOW;
        write(self.shape.number(), move |pen| pen.add(fault, 1));
    }
}

impl<L: LabelSet, M: Scalar> Instrument for Family<L, M> {
    const KIND: Kind = M::KIND;
    const LABELS: &'static [LabelDescriptor] = L::LABELS;
    const KEEPING: Keeping = M::KEEPING;

    fn create(descriptor: &'static Descriptor, room: &Room<'_>) -> (Self, Arc<dyn Source>) {
        let width = M::width(descriptor);
        let inner = Arc::new(Inner {
            shape: Shape::new(descriptor, room),
            index: Index::new::<L>(descriptor, width, M::ZERO_START, room),
            recorded: AtomicBool::new(false),
        });
        let family = Self {
            inner: Some(Arc::clone(&inner)),
            types: PhantomData,
        };
        (family, Arc::new(FamilySource::<M>::new(inner)))
    }

    fn noop() -> Self {
        Self {
            inner: None,
            types: PhantomData,
        }
    }
}

/// An instrument without labels is a family of one.
impl<M: Scalar> Instrument for M {
    const KIND: Kind = M::KIND;
    const LABELS: &'static [LabelDescriptor] = &[];
    const KEEPING: Keeping = M::KEEPING;

    fn create(descriptor: &'static Descriptor, room: &Room<'_>) -> (Self, Arc<dyn Source>) {
        let inner = Arc::new(Inner {
            shape: Shape::new(descriptor, room),
            index: Index::single(M::width(descriptor), M::ZERO_START, room),
            recorded: AtomicBool::new(false),
        });
        let handle = match inner.index.written(0) {
            Some(cell) => M::handle(&inner.shape, Place { series: 0, cell }),
            None => M::silent(),
        };
        (handle, Arc::new(FamilySource::<M>::new(inner)))
    }

    fn noop() -> Self {
        M::silent()
    }
}

impl<L, M> Clone for Family<L, M> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            types: PhantomData,
        }
    }
}

impl<L, M> fmt::Debug for Family<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.inner.as_ref().map(|inner| inner.shape.descriptor.name);
        f.debug_tuple("Family").field(&name).finish()
    }
}
