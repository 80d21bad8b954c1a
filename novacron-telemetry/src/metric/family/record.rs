//! Recording straight into a family: the look-up and the write in one call, without a handle between.

use super::{Family, Row};
use crate::cell::write;
use crate::label::{LabelKey, LabelSet};
use crate::metric::exemplar::Exemplar;
use crate::metric::{
    Counter, FloatCounter, Gauge, Histogram, InFlight, MaxGauge, Seconds, Timer, Timestamp,
    UpDownGauge, gauge, histogram,
};

impl<L: LabelSet> Family<L, Counter> {
    /// Shows a series that was looked up in a joined family, at 0 until something happens.
    #[inline]
    pub fn touch_at(&self, row: Row<L>) {
        if let Some(inner) = self.inner.as_deref() {
            inner.place(row.series, row.table);
        }
    }

    /// Counts one.
    #[inline]
    pub fn inc<K: LabelKey<L>>(&self, key: &K) {
        self.inc_by(key, 1);
    }

    /// Counts `n`.
    #[inline]
    pub fn inc_by<K: LabelKey<L>>(&self, key: &K, n: u64) {
        if let Some((inner, cell)) = self.cell(key) {
            write(inner.shape.number(), move |pen| pen.add(cell, n));
        }
    }

    /// Counts one in a series that was looked up in a joined family.
    #[inline]
    pub fn inc_at(&self, row: Row<L>) {
        if let Some(inner) = self.inner.as_deref()
            && let Some(at) = inner.place(row.series, row.table)
        {
            write(inner.shape.number(), move |pen| pen.add(at.cell, 1));
        }
    }

    /// Counts one in a series that belongs together with others: if it is new, so are they, and all
    /// are made; see [`touch_together`](Self::touch_together).
    #[inline]
    pub fn inc_among<K: LabelKey<L>>(&self, key: &K, together: impl IntoIterator<Item = K>) {
        let Some(inner) = self.inner.as_deref() else {
            return;
        };
        let (found, table) = inner.index.series::<L, K>(key);
        if found.overflow {
            inner.count_overflow();
        }
        if let Some(at) = inner.place(found.series, table) {
            write(inner.shape.number(), move |pen| pen.add(at.cell, 1));
            if found.new | inner.index.show(found.series) {
                self.touch_each(together);
            }
        }
    }
}

impl<L: LabelSet> Family<L, FloatCounter> {
    /// Adds `n`; see [`FloatCounter::inc_by`].
    #[inline]
    pub fn inc_by<K: LabelKey<L>>(&self, key: &K, n: f64) {
        self.with(key).inc_by(n);
    }
}

impl<L: LabelSet> Family<L, Gauge> {
    /// Sets the value of one series.
    #[inline]
    pub fn set<K: LabelKey<L>>(&self, key: &K, value: f64) {
        if let Some((inner, cell)) = self.cell(key) {
            gauge::set(inner.shape.slab(), cell, value);
        }
    }

    /// Sets the value of a series that was looked up in a joined family.
    #[inline]
    pub fn set_at(&self, row: Row<L>, value: f64) {
        if let Some(inner) = self.inner.as_deref()
            && let Some(at) = inner.place(row.series, row.table)
        {
            gauge::set(inner.shape.slab(), at.cell, value);
        }
    }
}

impl<L: LabelSet> Family<L, Gauge> {
    /// Sets these series and forgets all others: for a writer that knows everything there is.
    pub fn replace_all<K: LabelKey<L>>(&self, series: impl IntoIterator<Item = (K, f64)>) {
        let Some(inner) = self.inner.as_deref() else {
            return;
        };
        let mut kept = std::collections::HashSet::new();
        for (key, value) in series {
            let (series, table) = inner.series::<L, K>(&key);
            if let Some(at) = inner.place(series, table) {
                gauge::set(inner.shape.slab(), at.cell, value);
                kept.insert(series);
            }
        }
        for series in (0..inner.index.len()).filter(|series| !kept.contains(series)) {
            if let Some(cell) = inner.index.written(series) {
                gauge::clear(inner.shape.slab(), cell);
            }
        }
    }
}

impl<L: LabelSet> Family<L, UpDownGauge> {
    /// One more.
    #[inline]
    pub fn inc<K: LabelKey<L>>(&self, key: &K) {
        self.with(key).inc();
    }

    /// One less.
    #[inline]
    pub fn dec<K: LabelKey<L>>(&self, key: &K) {
        self.with(key).dec();
    }

    /// One more, until the guard is dropped.
    #[inline]
    #[must_use = "dropped at once, it counts nothing"]
    pub fn guard<K: LabelKey<L>>(&self, key: &K) -> InFlight {
        self.with(key).guard()
    }
}

impl<L: LabelSet> Family<L, MaxGauge> {
    /// Takes an observation; see [`MaxGauge::observe`].
    #[inline]
    pub fn observe<K: LabelKey<L>>(&self, key: &K, observation: impl Into<Seconds>) {
        self.with(key).observe(observation.into().get());
    }
}

impl<L: LabelSet> Family<L, Timestamp> {
    /// It happened at this Unix time, in seconds.
    #[inline]
    pub fn set<K: LabelKey<L>>(&self, key: &K, unix_seconds: f64) {
        self.with(key).set(unix_seconds);
    }

    /// It happened now.
    pub fn set_now<K: LabelKey<L>>(&self, key: &K) {
        self.with(key).set_now();
    }
}

impl<L: LabelSet> Family<L, Histogram> {
    /// Takes an observation; see [`Histogram::observe`].
    #[inline]
    pub fn observe<K: LabelKey<L>>(&self, key: &K, observation: impl Into<Seconds>) {
        if let Some((inner, cell)) = self.cell(key) {
            let shape = &inner.shape;
            let bounds = shape.bounds;
            histogram::observe(
                shape.number(),
                shape.faults,
                cell,
                bounds,
                observation.into().get(),
            );
        }
    }

    /// Takes an observation in a series that was looked up in a joined family.
    #[inline]
    pub fn observe_at(&self, row: Row<L>, observation: impl Into<Seconds>) {
        if let Some(inner) = self.inner.as_deref()
            && let Some(at) = inner.place(row.series, row.table)
        {
            let shape = &inner.shape;
            let bounds = shape.bounds;
            histogram::observe(
                shape.number(),
                shape.faults,
                at.cell,
                bounds,
                observation.into().get(),
            );
        }
    }

    /// Takes an observation and keeps an exemplar; see [`Histogram::observe_with`].
    pub fn observe_with<K: LabelKey<L>>(
        &self,
        key: &K,
        observation: impl Into<Seconds>,
        exemplar: impl FnOnce(f64) -> Exemplar,
    ) {
        self.with(key).observe_with(observation, exemplar);
    }

    /// Starts a timer that observes its age when it is dropped.
    #[must_use = "dropped at once, it observes next to nothing"]
    pub fn start_timer<K: LabelKey<L>>(&self, key: &K) -> Timer {
        self.with(key).start_timer()
    }
}
