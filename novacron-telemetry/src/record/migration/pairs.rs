//! What the migrations between two nodes write to, looked up once; and the forecasts of those that
//! are going on between them.

use std::sync::Arc;

use super::Forecast;
use super::progress::Shared;
use crate::catalog::MigrationStatus;
use crate::catalog::migration::{
    MigrationLabelsRef, MigrationMetrics, NodePairLabels, NodePairLabelsRef,
};
use crate::metric::family::grown::Grown;
use crate::metric::{Counter, Gauge, Histogram, Row};
use crate::record::Recorder;
use crate::sync::{Mutex, OnceLock};

/// The number of a pair of nodes, in the recorder that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::record) struct PairId(u32);

impl PairId {
    /// Stands for no nodes: nothing is recorded.
    pub(super) const NONE: Self = Self(u32::MAX);
}

/// Everything that the migrations of one pair of nodes write to.
#[derive(Debug)]
pub(super) struct Pair {
    source: Box<str>,
    destination: Box<str>,
    pub(super) duration: Histogram,
    statuses: [(MigrationStatus, Counter); MigrationStatus::ALL.len()],
    copy: Gauge,
    dirty: Gauge,
    converging: Gauge,
    remaining: Gauge,
    /// The migrations that have reported a round and not ended.
    copying: Mutex<Vec<Arc<Shared>>>,
}

impl Pair {
    /// A pair of nodes shows all its statuses from its first migration on: the first failure must
    /// be an increase.
    fn new(families: &MigrationMetrics, row: Row<NodePairLabels>) -> Option<Self> {
        let durations = &families.migration_duration_seconds;
        if durations.is_silent() {
            return None;
        }
        // A node without a name is one all the same: its label is left out.
        let text = |label| durations.text(row, label).unwrap_or_default();
        let (source, destination) = (text(0), text(1));
        let key = |status| MigrationLabelsRef {
            source,
            destination,
            status,
        };
        let statuses = [
            MigrationStatus::Success,
            MigrationStatus::Failed,
            MigrationStatus::Cancelled,
        ];
        families.migrations_total.touch_together(statuses.map(key));
        Some(Self {
            source: source.into(),
            destination: destination.into(),
            duration: families.migration_duration_seconds.at(row),
            statuses: statuses.map(|status| (status, families.migrations_total.with(&key(status)))),
            copy: families.migration_copy_bytes_per_second.at(row),
            dirty: families.migration_dirty_bytes_per_second.at(row),
            converging: families.migration_converging.at(row),
            remaining: families.migration_remaining_seconds.at(row),
            copying: Mutex::default(),
        })
    }

    pub(super) fn nodes(&self) -> [&str; 2] {
        [&self.source, &self.destination]
    }

    pub(super) fn count(&self, status: MigrationStatus) {
        for (known, counter) in &self.statuses {
            if *known == status {
                counter.inc();
            }
        }
    }

    /// A migration has reported a round.
    pub(super) fn copying(&self, migration: &Arc<Shared>) {
        let mut copying = self.copying.lock();
        // It may have ended since; then it was taken away already, and stays away.
        let running = migration.forecast().is_some();
        if running && !copying.iter().any(|known| Arc::ptr_eq(known, migration)) {
            copying.push(Arc::clone(migration));
        }
        self.show(&copying);
    }

    /// A migration that had reported a round is over.
    pub(super) fn over(&self, migration: &Arc<Shared>) {
        let mut copying = self.copying.lock();
        copying.retain(|known| !Arc::ptr_eq(known, migration));
        self.show(&copying);
    }

    /// Several migrations may run between two nodes: their rates add up, and they are done when the
    /// last one is. What one of them does not know yet, all of them do not know.
    fn show(&self, copying: &[Arc<Shared>]) {
        let mut all = Together::default();
        copying
            .iter()
            .filter_map(|run| run.forecast())
            .for_each(|run| all.add(&run));
        self.copy.set_or_clear(all.copy);
        self.dirty.set_or_clear(all.dirty);
        self.converging.set_or_clear(all.converging());
        self.remaining.set_or_clear(all.remaining.flatten());
    }
}

/// The forecasts of the migrations between two nodes, taken together.
#[derive(Debug, Default)]
struct Together {
    copy: Option<f64>,
    dirty: Option<f64>,
    /// Migrations of which it is known that they do, and that they do not; and of which it is not.
    converge: u32,
    diverge: u32,
    unknown: u32,
    /// `Some(None)` from the first migration on of which no end is known.
    remaining: Option<Option<f64>>,
}

impl Together {
    fn add(&mut self, run: &Forecast) {
        let sum = |sum: Option<f64>, rate: Option<f64>| match (sum, rate) {
            (Some(sum), Some(rate)) => Some(sum + rate),
            (sum, rate) => sum.or(rate),
        };
        self.copy = sum(self.copy, run.bandwidth);
        self.dirty = sum(self.dirty, run.dirty_rate);
        match run.converges() {
            Some(true) => self.converge += 1,
            Some(false) => self.diverge += 1,
            None => self.unknown += 1,
        }
        let eta = run.eta().map(|eta| eta.as_secs_f64());
        self.remaining = Some(match self.remaining {
            None => eta,
            Some(last) => last.zip(eta).map(|(last, eta)| last.max(eta)),
        });
    }

    fn converging(&self) -> Option<f64> {
        match (self.diverge, self.unknown, self.converge) {
            (1.., _, _) => Some(0.0),
            (0, 0, 1..) => Some(1.0),
            _ => None,
        }
    }
}

/// The pairs of nodes that were seen.
#[derive(Debug)]
pub(in crate::record) struct Migrations(Grown<OnceLock<Pair>>);

impl Default for Migrations {
    fn default() -> Self {
        Self(Grown::new())
    }
}

impl Migrations {
    pub(super) fn pair(&self, pair: PairId) -> Option<&Pair> {
        self.0.get(pair.0)?.get()
    }
}

impl Recorder {
    /// The number of a pair of nodes.
    #[inline]
    pub(in crate::record) fn migration_pair(&self, source: &str, destination: &str) -> PairId {
        let families = &self.catalog().migration;
        let row = families.migration_duration_seconds.row(&NodePairLabelsRef {
            source,
            destination,
        });
        let id = PairId(row.series());
        if self.migrations().pair(id).is_some() {
            return id;
        }
        self.new_migration_pair(families, row)
    }

    #[cold]
    fn new_migration_pair(&self, families: &MigrationMetrics, row: Row<NodePairLabels>) -> PairId {
        match Pair::new(families, row) {
            Some(pair) => {
                let slot = self.migrations().0.get_or_make(row.series(), OnceLock::new);
                slot.get_or_init(|| pair);
                PairId(row.series())
            }
            None => PairId::NONE,
        }
    }
}
