//! Migrations over DWCP.

use std::sync::Arc;

use super::clock::Moment;
use super::current::Frame;
use super::instrument::Measured;
use super::{Failure, Outcome, Recorder, current};
use crate::catalog::dwcp::{
    DwcpMode, MigrationErrorLabels, MigrationLabelsRef, MigrationPhase, ModeLabels,
    NodePairLabelsRef, PhaseLabels, RetryLabels, TransferLabels,
};
use crate::catalog::{ApiError, Direction, MigrationError, MigrationStatus};
use crate::metric::{Seconds, UpDownGauge};
use crate::sync::Mutex;

/// A migration from one node to another, as it is told to telemetry.
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
    source: Arc<str>,
    destination: Arc<str>,
    mode: Option<DwcpMode>,
    measured: Measured,
}

impl Migration {
    /// A migration between these nodes.
    pub fn new(source: impl AsRef<str>, destination: impl AsRef<str>) -> Self {
        Self {
            source: source.as_ref().into(),
            destination: destination.as_ref().into(),
            mode: None,
            measured: Measured::default(),
        }
    }

    /// The network mode it runs in.
    pub fn mode(mut self, mode: DwcpMode) -> Self {
        self.mode = Some(mode);
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
    pub fn finish(self, outcome: Outcome, duration: impl Into<Seconds>) {
        let duration = duration.into().get();
        current::with_current(|recorder| {
            recorder.migration_begins(self.pair());
            recorder.migration_ended(self.pair(), self.measured, outcome, duration);
        });
    }

    /// Begins the migration: it is in flight until it is finished or dropped.
    #[must_use = "dropped at once, the migration was cancelled"]
    pub fn begin(self) -> MigrationRun {
        let recorder = current::current();
        MigrationRun(super::guard::Guard::new(self.begin_with(recorder)))
    }

    fn pair(&self) -> Pair<'_> {
        Pair {
            source: &self.source,
            destination: &self.destination,
            mode: self.mode,
        }
    }

    pub(super) fn begin_with(self, recorder: Recorder) -> RunningMigration {
        recorder.migration_begins(self.pair());
        let in_flight = self.mode.map(|mode| {
            let gauge = recorder
                .catalog()
                .dwcp
                .migrations_in_flight
                .with(&ModeLabels { mode });
            gauge.inc();
            gauge
        });
        RunningMigration {
            frame: Frame::inherit(recorder, |_| {}),
            begun: Moment::now(),
            notes: Notes(Arc::new(Mutex::new(self.measured))),
            migration: self,
            in_flight,
        }
    }
}

/// Between which nodes, and how: what is known of a migration from its beginning.
#[derive(Clone, Copy, Debug)]
struct Pair<'a> {
    source: &'a str,
    destination: &'a str,
    mode: Option<DwcpMode>,
}

/// A migration that is going on. Dropped without [`finish`](MigrationRun::finish), it was
/// cancelled.
///
/// ```
/// use novacron_telemetry::catalog::MigrationError;
/// use novacron_telemetry::catalog::dwcp::{DwcpMode, MigrationPhase};
/// use novacron_telemetry::record::{Migration, Outcome};
///
/// let mut run = Migration::new("node-1", "node-2").mode(DwcpMode::Internet).begin();
/// run.phase(MigrationPhase::PreCopy, 12.0);
/// run.retried(MigrationError::PacketLoss);
/// run.bytes(4 << 30);
/// run.finish(Outcome::Success);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the migration was cancelled"]
pub struct MigrationRun(super::guard::Guard<RunningMigration>);

impl MigrationRun {
    /// A phase took this long.
    pub fn phase(&mut self, phase: MigrationPhase, duration: impl Into<Seconds>) {
        if let Some(running) = self.0.work() {
            running.recorder(|recorder| recorder.migration_phase(phase, duration));
        }
    }

    /// A step failed for this reason and is tried again.
    pub fn retried(&mut self, reason: MigrationError) {
        if let Some(running) = self.0.work() {
            running.recorder(|recorder| recorder.migration_retried(reason));
        }
    }

    /// Bytes that were moved.
    pub fn bytes(&mut self, bytes: u64) {
        if let Some(running) = self.0.work() {
            running.notes.0.lock().bytes = Some(bytes);
        }
    }

    /// How long the guest stood still.
    pub fn downtime(&mut self, downtime: impl Into<Seconds>) {
        if let Some(running) = self.0.work() {
            running.notes.0.lock().downtime = Some(downtime.into().get());
        }
    }

    /// The migration ended like this.
    pub fn finish(mut self, outcome: impl Into<Outcome>) {
        self.0.end(super::guard::Ending::Outcome(outcome.into()));
    }
}

/// A migration that was begun and not ended.
#[derive(Debug)]
pub(super) struct RunningMigration {
    frame: Frame,
    migration: Migration,
    begun: Moment,
    notes: Notes,
    in_flight: Option<UpDownGauge>,
}

/// What is learnt about a migration while its result is read.
#[derive(Clone, Debug)]
pub(super) struct Notes(Arc<Mutex<Measured>>);

impl Notes {
    pub(super) fn take(&self, measured: Measured) {
        *self.0.lock() = measured;
    }
}

impl RunningMigration {
    pub(super) fn notes(&self) -> Notes {
        self.notes.clone()
    }

    fn recorder(&self, f: impl FnOnce(&Recorder)) {
        if let Some(recorder) = &self.frame.recorder {
            f(recorder);
        }
    }

    pub(super) fn frame_mut(&mut self) -> &mut Frame {
        &mut self.frame
    }

    pub(super) fn finish(self, outcome: Outcome) {
        let duration = Moment::now().since(self.begun).as_secs_f64();
        let measured = *self.notes.0.lock();
        self.recorder(|recorder| {
            recorder.migration_ended(self.migration.pair(), measured, outcome, duration);
        });
        if let Some(gauge) = self.in_flight {
            gauge.dec();
        }
    }
}

impl Recorder {
    /// A migration that is over, of which nothing else is known. Allocates nothing, since nobody
    /// keeps the names.
    pub(super) fn migration(
        &self,
        source: &str,
        destination: &str,
        outcome: Outcome,
        duration: impl Into<Seconds>,
    ) {
        let pair = Pair {
            source,
            destination,
            mode: None,
        };
        self.migration_begins(pair);
        self.migration_ended(pair, Measured::default(), outcome, duration.into().get());
    }

    /// A pair of nodes shows all its statuses from its first migration on: the first failure must
    /// be an increase.
    fn migration_begins(&self, pair: Pair<'_>) {
        let Pair {
            source,
            destination,
            ..
        } = pair;
        let statuses = MigrationStatus::ALL
            .iter()
            .map(|status| MigrationLabelsRef {
                source,
                destination,
                status: *status,
            });
        self.catalog()
            .dwcp
            .migrations_total
            .touch_together(statuses);
    }

    /// A phase of a migration took this long.
    pub fn migration_phase(&self, phase: MigrationPhase, duration: impl Into<Seconds>) {
        self.catalog()
            .dwcp
            .migration_phase_duration_seconds
            .observe(&PhaseLabels { phase }, duration);
    }

    /// A step of a migration failed for this reason and is tried again.
    pub fn migration_retried(&self, reason: MigrationError) {
        self.catalog()
            .dwcp
            .migration_retries_total
            .inc(&RetryLabels { reason });
    }

    fn migration_ended(&self, pair: Pair<'_>, measured: Measured, outcome: Outcome, duration: f64) {
        let dwcp = &self.catalog().dwcp;
        let Pair {
            source,
            destination,
            mode,
        } = pair;
        dwcp.migrations_total.inc(&MigrationLabelsRef {
            source,
            destination,
            status: status_of(outcome),
        });
        // Promised so: a migration that took no time at all was not timed.
        if duration != 0.0 {
            dwcp.migration_duration_seconds.observe(
                &NodePairLabelsRef {
                    source,
                    destination,
                },
                duration,
            );
        }
        if let Some(error_type) = error_of(outcome) {
            dwcp.migration_errors_total
                .inc(&MigrationErrorLabels { error_type });
        }
        let Some(mode) = mode else {
            return;
        };
        if let Some(bytes) = measured.bytes {
            dwcp.transferred_bytes_total.inc_by(
                &TransferLabels {
                    mode,
                    direction: Direction::Sent,
                },
                bytes,
            );
            if duration > 0.0 {
                dwcp.migration_throughput_bytes_per_second
                    .observe(&ModeLabels { mode }, bytes as f64 / duration);
            }
        }
        if let Some(downtime) = measured.downtime {
            dwcp.migration_downtime_seconds
                .observe(&ModeLabels { mode }, downtime);
        }
    }
}

fn status_of(outcome: Outcome) -> MigrationStatus {
    match outcome {
        Outcome::Success => MigrationStatus::Success,
        Outcome::Cancelled => MigrationStatus::Cancelled,
        Outcome::Failure(_) | Outcome::TimedOut => MigrationStatus::Failed,
    }
}

fn error_of(outcome: Outcome) -> Option<MigrationError> {
    match outcome {
        Outcome::Success | Outcome::Cancelled => None,
        Outcome::TimedOut => Some(MigrationError::Stalled),
        Outcome::Failure(failure) => Some(match failure.error_type {
            ApiError::Unavailable | ApiError::BadGateway => MigrationError::StreamFailed,
            ApiError::RateLimited | ApiError::PayloadTooLarge => MigrationError::ResourceLimit,
            ApiError::Other => MigrationError::Other,
            _ => MigrationError::Failed,
        }),
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
    let duration = duration.into().get();
    current::with_current(|recorder| recorder.migration(source, destination, outcome, duration));
}
