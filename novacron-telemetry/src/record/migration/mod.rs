//! Migrations over DWCP: one that is over, one that is going on, and whether it will end.

mod forecast;
mod pairs;
mod progress;
mod run;
mod site;
mod trace;

use crate::catalog::dwcp::DwcpMode;
use crate::catalog::migration::{MigrationPhase, PhaseLabels, RetryLabels};
use crate::catalog::vm::MigrationType;
use crate::catalog::{MigrationError, MigrationStatus};
use crate::metric::Seconds;
use std::time::Duration;

use super::{Failure, Outcome, Recorder, current};
use pairs::PairId;
use progress::Closing;

pub use forecast::Forecast;
pub(super) use pairs::Migrations;
pub use run::{MigrationHandle, MigrationRun, Round};
pub use site::{Measured, MigrationSite};

/// A migration from one node to another, as it is told to telemetry.
///
/// One that is over ends with [`finish`](Self::finish) and the time it took. One that starts now gets
/// a run from [`begin`](Self::begin), and tells what happens to it through that.
///
/// ```
/// use std::time::Duration;
/// use novacron_telemetry::catalog::dwcp::DwcpMode;
/// use novacron_telemetry::record::{Migration, Outcome};
///
/// Migration::new("node-1", "node-2")
///     .mode(DwcpMode::Hybrid)
///     .bytes(4 << 30)
///     .downtime(Duration::from_millis(80))
///     .finish(Outcome::Success, Duration::from_secs(42));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a migration is recorded by `finish` or `begin`"]
pub struct Migration {
    recorder: Recorder,
    pair: PairId,
    plan: Plan,
    measured: Measured,
}

/// What is known of a migration before it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) mode: Option<DwcpMode>,
    pub(super) kind: Option<MigrationType>,
    pub(super) max_downtime: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            mode: None,
            kind: None,
            // What QEMU allows unless it is told otherwise.
            max_downtime: Duration::from_millis(300),
        }
    }
}

impl Migration {
    /// A migration between these nodes, recorded by the recorder of the work at hand.
    pub fn new(source: impl AsRef<str>, destination: impl AsRef<str>) -> Self {
        Self::new_with(current::current(), source, destination)
    }

    /// A migration between these nodes that is recorded by `recorder`.
    pub fn new_with(
        recorder: Recorder,
        source: impl AsRef<str>,
        destination: impl AsRef<str>,
    ) -> Self {
        Self {
            pair: recorder.migration_pair(source.as_ref(), destination.as_ref()),
            recorder,
            plan: Plan::default(),
            measured: Measured::default(),
        }
    }

    /// The network mode it runs in.
    pub fn mode(mut self, mode: impl Into<Option<DwcpMode>>) -> Self {
        self.plan.mode = mode.into();
        self
    }

    /// What kind of VM migration it is. With a kind, it is counted in the `novacron_vm_migration…`
    /// families too, which know no transport.
    pub fn kind(mut self, kind: impl Into<Option<MigrationType>>) -> Self {
        self.plan.kind = kind.into();
        self
    }

    /// The longest pause of the guest that is allowed: what the [forecast](Forecast) aims at. Default:
    /// 300 ms.
    pub fn max_downtime(mut self, pause: Duration) -> Self {
        self.plan.max_downtime = pause;
        self
    }

    /// Bytes that were moved.
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.measured.bytes = Some(bytes);
        self
    }

    /// How long the guest stood still.
    pub fn downtime(mut self, downtime: impl Into<Seconds>) -> Self {
        self.measured.downtime = Some(downtime.into().get());
        self
    }

    /// Records a migration that is over.
    pub fn finish(self, outcome: impl Into<Outcome>, duration: impl Into<Seconds>) {
        self.recorder
            .catalog()
            .migration
            .migrations_started_total
            .inc();
        self.recorder.migration_closed(&Closing {
            pair: self.pair,
            plan: self.plan,
            phase: None,
            outcome: outcome.into(),
            duration: duration.into().get(),
            downtime: self.measured.downtime,
            moved: 0,
            told: self.measured.bytes,
            rounds: 0,
        });
    }

    /// Begins the migration: it is in flight until it is finished or dropped.
    ///
    /// Inside a function marked `#[instrument_migration]`, or inside another run, between the same
    /// nodes this is that migration, which is counted once: what is told to the run is told to it,
    /// and how the run ends is for the outer one to say.
    #[must_use = "dropped at once, the migration was cancelled"]
    pub fn begin(self) -> MigrationRun {
        MigrationRun::begin(self)
    }

    /// The migration at hand: inside a function marked `#[instrument_migration]`, the one it is.
    ///
    /// ```
    /// use novacron_telemetry::catalog::migration::MigrationPhase;
    /// use novacron_telemetry::instrument_migration;
    /// use novacron_telemetry::record::Migration;
    ///
    /// #[instrument_migration(source = "node-1", destination = to)]
    /// async fn migrate(to: &str) -> std::io::Result<()> {
    ///     let migration = Migration::current();
    ///     migration.enter(MigrationPhase::PreCopy);
    ///     // …
    ///     migration.enter(MigrationPhase::Downtime);
    ///     Ok(())
    /// }
    /// # drop(migrate("node-2"));
    /// ```
    #[must_use]
    pub fn current() -> MigrationHandle {
        current::with(|frame| frame.migration.clone())
            .flatten()
            .unwrap_or_else(MigrationHandle::noop)
    }
}

impl Recorder {
    /// A phase of a migration took this long: for what is told afterwards, by a hypervisor for
    /// instance. A [`MigrationRun`] takes the time itself.
    pub fn migration_phase(&self, phase: MigrationPhase, duration: impl Into<Seconds>) {
        self.catalog()
            .migration
            .migration_phase_duration_seconds
            .observe(&PhaseLabels { phase }, duration);
    }

    /// A step of a migration failed for this reason and is tried again.
    pub fn migration_retried(&self, reason: MigrationError) {
        self.catalog()
            .migration
            .migration_retries_total
            .inc(&RetryLabels { reason });
    }
}

/// A migration over DWCP ended: from which node to which, `success`, `failed` or `cancelled`.
///
/// ```
/// novacron_telemetry::record::record_dwcp_migration("node-1", "node-2", "success", 42.0);
/// ```
pub fn record_dwcp_migration(
    source: &str,
    destination: &str,
    status: &str,
    duration: impl Into<Seconds>,
) {
    let outcome = match MigrationStatus::from(status) {
        MigrationStatus::Success => Outcome::Success,
        MigrationStatus::Cancelled => Outcome::Cancelled,
        MigrationStatus::Failed => Failure::INTERNAL.into(),
    };
    Migration::new(source, destination).finish(outcome, duration);
}
