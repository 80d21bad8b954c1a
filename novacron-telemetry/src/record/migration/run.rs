//! A migration that is going on: the guard that ends it once, and the handles that tell of it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::progress::{Progress, Shared};
use super::{Forecast, Migration};
use crate::catalog::dwcp::{Algorithm, DwcpMode};
use crate::catalog::migration::{MigrationErrorLabels, MigrationPhase};
use crate::catalog::{Direction, MigrationError};
use crate::context::TraceContext;
use crate::metric::Seconds;
use crate::record::guard::{Ending, Guard, Work};
use crate::record::{Failure, Outcome, Recorder, current};

/// A round of pre-copy that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Bytes of memory that were copied in it, before encoding.
    pub copied: u64,
    /// Bytes of memory that the guest dirtied meanwhile, and that wait for the next round.
    pub dirtied: u64,
}

/// A migration that is going on, to tell what happens to it. Cheap to clone, and to be taken along
/// to other tasks and threads. When the migration is over, it is silent.
///
/// Phases, rounds and bytes are taken as they are told:
///
/// ```
/// use novacron_telemetry::catalog::MigrationError;
/// use novacron_telemetry::catalog::dwcp::{Algorithm, DwcpMode};
/// use novacron_telemetry::catalog::migration::MigrationPhase;
/// use novacron_telemetry::record::{Migration, Outcome, Round};
///
/// let run = Migration::new("node-1", "node-2").mode(DwcpMode::Internet).begin();
/// run.enter(MigrationPhase::PreCopy);
/// run.encoded(Algorithm::Zstd, 1 << 30, 300 << 20);
/// run.sent(300 << 20);
/// run.retried(MigrationError::PacketLoss);
/// run.round(Round { copied: 1 << 30, dirtied: 60 << 20 });
/// println!("the guest can be paused in {:?}", run.forecast().and_then(|f| f.eta()));
/// run.enter(MigrationPhase::Downtime);
/// run.enter(MigrationPhase::Activation);
/// run.finish(Outcome::Success);
/// ```
#[derive(Clone, Debug)]
pub struct MigrationHandle(Option<Arc<Shared>>);

impl MigrationHandle {
    /// A handle to no migration: silent.
    #[must_use]
    pub const fn noop() -> Self {
        Self(None)
    }

    /// Whether the migration is going on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.with(|_| ()).is_some()
    }

    /// Where the migration stands in its trace: what goes along with each message to the other side,
    /// so that both are one trace. `None` if traces are off and nobody named one.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        self.with(|progress| progress.trace_context())?
    }

    /// A phase begins, and the one before it ends. What went before the first phase is
    /// [initializing](MigrationPhase::Initializing).
    pub fn enter(&self, phase: MigrationPhase) {
        self.with(|progress| progress.enter(phase));
    }

    /// A round of pre-copy is over: what it copied, and what is left for the next one.
    pub fn round(&self, round: Round) {
        let Some(shared) = &self.0 else { return };
        let told = shared.with(|progress| {
            progress.round(round);
            (progress.recorder.clone(), progress.pair)
        });
        if let Some((recorder, pair)) = told
            && let Some(pair) = recorder.migrations().pair(pair)
        {
            pair.copying(shared);
        }
    }

    /// Payload bytes went to the other side.
    pub fn sent(&self, bytes: u64) {
        self.with(|progress| progress.moved(Direction::Sent, bytes));
    }

    /// Payload bytes came from the other side.
    pub fn received(&self, bytes: u64) {
        self.with(|progress| progress.moved(Direction::Received, bytes));
    }

    /// Data was encoded, from so many bytes to so many.
    pub fn encoded(&self, algorithm: Algorithm, original: u64, encoded: u64) {
        self.recorder(|recorder| recorder.dwcp_compression(algorithm, original, encoded));
    }

    /// The migration goes on in another network mode. That is counted as a switch.
    pub fn switch_mode(&self, mode: DwcpMode) {
        self.with(|progress| progress.switch_mode(mode));
    }

    /// A step failed for this reason and is tried again.
    pub fn retried(&self, reason: MigrationError) {
        self.recorder(|recorder| recorder.migration_retried(reason));
    }

    /// An error was met, and is dealt with. One that ends the migration is not told here.
    pub fn error(&self, error_type: MigrationError) {
        self.recorder(|recorder| {
            let errors = &recorder.catalog().migration.migration_errors_total;
            errors.inc(&MigrationErrorLabels { error_type });
        });
    }

    /// The longest pause of the guest that is allowed, for whom it is not known before the migration
    /// begins; see [`Migration::max_downtime`].
    pub fn max_downtime(&self, pause: Duration) {
        self.with(|progress| progress.max_downtime(pause));
    }

    /// All the bytes that were moved. Those that were told as they moved are not counted again.
    pub fn bytes(&self, bytes: u64) {
        self.tell(Some(bytes), None);
    }

    /// How long the guest stood still; if nobody says, as long as it was in
    /// [stop-and-copy](MigrationPhase::Downtime), and never longer than that.
    pub fn downtime(&self, downtime: impl Into<Seconds>) {
        let downtime = downtime.into().get();
        self.tell(None, Some(downtime));
    }

    pub(super) fn tell(&self, bytes: Option<u64>, downtime: Option<f64>) {
        if bytes.is_some() || downtime.is_some() {
            self.with(|progress| progress.tell(bytes, downtime));
        }
    }

    /// Whether pre-copy will end, and when, by its last round; `None` when the migration is over.
    #[must_use]
    pub fn forecast(&self) -> Option<Forecast> {
        self.0.as_ref()?.forecast()
    }

    fn with<R>(&self, f: impl FnOnce(&mut Progress) -> R) -> Option<R> {
        self.0.as_ref()?.with(f)
    }

    fn recorder(&self, f: impl FnOnce(&Recorder)) {
        self.with(|progress| f(&progress.recorder));
    }

    fn is_between(&self, recorder: &Recorder, pair: super::PairId) -> bool {
        self.with(|progress| progress.pair == pair && progress.recorder.is(recorder))
            .unwrap_or(false)
    }
}

/// A migration that is going on. Dropped without [`finish`](MigrationRun::finish), it was
/// cancelled; dropped by a panic, it failed. What happens to it is told through the
/// [handle](MigrationHandle) that it derefs to.
#[derive(Debug)]
#[must_use = "dropped at once, the migration was cancelled"]
pub struct MigrationRun {
    guard: Guard<MigrationWork>,
    /// Begun by a destructor that runs because of a panic: then its own drop is not one.
    begun_in_panic: bool,
}

impl MigrationRun {
    pub(super) fn begin(migration: Migration) -> Self {
        Self {
            guard: Guard::new(MigrationWork::begin(migration)),
            begun_in_panic: thread::panicking(),
        }
    }

    /// A handle to take along.
    #[must_use]
    pub fn handle(&self) -> MigrationHandle {
        (**self).clone()
    }

    /// The migration ended like this.
    pub fn finish(mut self, outcome: impl Into<Outcome>) {
        self.guard.end(Ending::Outcome(outcome.into()));
    }

    /// The migration failed, for this reason.
    pub fn fail(mut self, reason: MigrationError) {
        self.guard.end(Ending::Outcome(reason.into()));
    }
}

impl Drop for MigrationRun {
    fn drop(&mut self) {
        // No poll is watched here, so what a lock does to know that it is poisoned has to do.
        self.guard
            .end(if thread::panicking() && !self.begun_in_panic {
                Ending::Panicked
            } else {
                Ending::Outcome(Outcome::Cancelled)
            });
    }
}

impl std::ops::Deref for MigrationRun {
    type Target = MigrationHandle;

    fn deref(&self) -> &MigrationHandle {
        static OVER: MigrationHandle = MigrationHandle::noop();
        self.guard.peek().map_or(&OVER, MigrationWork::handle)
    }
}

/// A migration that was begun, or one that goes on further out between the same nodes.
#[derive(Debug)]
pub(super) struct MigrationWork {
    handle: MigrationHandle,
    /// Whether it ends with this.
    owner: bool,
}

impl MigrationWork {
    pub(super) fn begin(migration: Migration) -> Self {
        let Migration {
            recorder,
            pair,
            plan,
            measured,
        } = migration;
        let around = current::with(|frame| frame.migration.clone()).flatten();
        if let Some(outer) = around
            && outer.is_between(&recorder, pair)
        {
            outer.tell(measured.bytes, measured.downtime);
            return Self {
                handle: outer,
                owner: false,
            };
        }
        let mut progress = Progress::begin(recorder, pair, plan);
        progress.tell(measured.bytes, measured.downtime);
        Self {
            handle: MigrationHandle(Some(Shared::begin(progress))),
            owner: true,
        }
    }

    /// A handle to the migration.
    pub(super) fn handle(&self) -> &MigrationHandle {
        &self.handle
    }
}

impl Work for MigrationWork {
    type Verdict = Outcome;

    fn end(self, ending: Ending) {
        let (true, Some(shared)) = (self.owner, self.handle.0) else {
            return;
        };
        let outcome = match ending {
            Ending::Panicked => Failure::INTERNAL.into(),
            Ending::Outcome(outcome) => outcome,
        };
        shared.finish(outcome);
    }
}
