//! How far a migration is: the phase it is in, the rounds it made, the bytes it moved. And its end.

use std::time::Duration;

use super::pairs::PairId;
use super::run::Round;
use super::trace::MigrationTrace;
use super::{Forecast, Plan};
use crate::catalog::dwcp::{DwcpMode, ModeSwitchLabels};
use crate::catalog::exporter::Site;
use crate::catalog::migration::{
    AnyModeLabels, EndLabels, MigrationErrorLabels, MigrationPhase, PhaseErrorLabels,
    TransferLabels,
};
use crate::catalog::{ApiError, Direction, MigrationError, MigrationStatus};
use crate::context::TraceContext;
use crate::metric::UpDownGauge;
use crate::record::clock::Moment;
use crate::record::span::SpanEnd;
use crate::record::{Failure, Outcome, Recorder};
use crate::sync::Mutex;

/// A place for the progress of a migration, shared by its guard and its handles; empty when it is
/// over.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Option<Progress>>);

impl Shared {
    pub(super) fn begin(&self, progress: Progress) {
        *self.0.lock() = Some(progress);
    }

    /// Does something with the progress, unless the migration is over. No code of the host runs
    /// in here.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Progress) -> R) -> Option<R> {
        self.0.lock().as_mut().map(f)
    }

    pub(super) fn end(&self) -> Option<Progress> {
        self.0.lock().take()
    }

    pub(super) fn forecast(&self) -> Option<Forecast> {
        self.with(|progress| progress.forecast)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) recorder: Recorder,
    pub(super) pair: PairId,
    plan: Plan,
    trace: MigrationTrace,
    in_flight: UpDownGauge,
    begun: Moment,
    phase: Option<(MigrationPhase, Moment)>,
    stop_and_copy: Option<Duration>,
    rounds: u32,
    round_began: Option<Moment>,
    forecast: Forecast,
    moved: u64,
    told_bytes: Option<u64>,
    told_downtime: Option<f64>,
}

impl Progress {
    pub(super) fn begin(
        recorder: Recorder,
        pair: PairId,
        plan: Plan,
        trace: MigrationTrace,
    ) -> Self {
        recorder.catalog().migration.migrations_started_total.inc();
        let in_flight = in_flight(&recorder, plan.mode);
        in_flight.inc();
        Self {
            recorder,
            pair,
            plan,
            trace,
            in_flight,
            begun: Moment::now(),
            phase: None,
            stop_and_copy: None,
            rounds: 0,
            round_began: None,
            forecast: Forecast {
                bandwidth: None,
                dirty_rate: None,
                remaining_bytes: None,
                max_downtime: plan.max_downtime,
            },
            moved: 0,
            told_bytes: None,
            told_downtime: None,
        }
    }

    pub(super) fn trace_context(&self) -> Option<TraceContext> {
        self.trace.context()
    }

    pub(super) fn tell(&mut self, bytes: Option<u64>, downtime: Option<f64>) {
        self.told_bytes = bytes.or(self.told_bytes);
        self.told_downtime = downtime.or(self.told_downtime);
    }

    pub(super) fn max_downtime(&mut self, pause: Duration) {
        self.forecast.max_downtime = pause;
    }

    /// Ends the phase that went on and begins this one, at one moment: so phases leave no gap. What
    /// went before the first phase that was named is initializing.
    pub(super) fn enter(&mut self, phase: MigrationPhase) {
        let now = Moment::now();
        let (current, since) = self
            .phase
            .unwrap_or((MigrationPhase::Initializing, self.begun));
        if current == phase {
            self.phase = Some((phase, since));
            return;
        }
        self.leave(current, since, now, SpanEnd::Success);
        self.phase = Some((phase, now));
        self.round_began = (phase == MigrationPhase::PreCopy).then_some(now);
    }

    fn leave(&mut self, phase: MigrationPhase, since: Moment, now: Moment, end: SpanEnd) {
        let after = now.since(since);
        self.trace.phase(&self.recorder, phase, (since, now), end);
        self.recorder.migration_phase(phase, after);
        if phase == MigrationPhase::Downtime {
            *self.stop_and_copy.get_or_insert_default() += after;
        }
    }

    /// A round of pre-copy is over.
    pub(super) fn round(&mut self, round: Round) {
        let now = Moment::now();
        let took = now.since(self.round_began.unwrap_or(self.begun));
        self.round_began = Some(now);
        self.rounds += 1;
        let families = &self.recorder.catalog().migration;
        families.migration_round_duration_seconds.observe(took);
        self.forecast.remaining_bytes = Some(round.dirtied);
        let seconds = took.as_secs_f64();
        // Nothing copied, or in no time, says nothing about a rate.
        if seconds > 0.0 && round.copied > 0 {
            self.forecast.bandwidth = Some(round.copied as f64 / seconds);
            self.forecast.dirty_rate = Some(round.dirtied as f64 / seconds);
        }
    }

    pub(super) fn moved(&mut self, direction: Direction, bytes: u64) {
        self.moved = self.moved.saturating_add(bytes);
        transferred(&self.recorder, self.plan.mode, direction, bytes);
    }

    /// The migration goes on in another network mode.
    pub(super) fn switch_mode(&mut self, mode: DwcpMode) {
        if self.plan.mode == Some(mode) {
            return;
        }
        if let Some(from_mode) = self.plan.mode {
            let switches = &self.recorder.catalog().dwcp.mode_switches_total;
            switches.inc(&ModeSwitchLabels {
                from_mode,
                to_mode: mode,
            });
        }
        self.plan.mode = Some(mode);
        let there = in_flight(&self.recorder, Some(mode));
        there.inc();
        std::mem::replace(&mut self.in_flight, there).dec();
    }

    /// Whether it has shown a forecast, which has to go when it ends.
    pub(super) fn has_rounds(&self) -> bool {
        self.rounds > 0
    }

    /// The migration is over.
    pub(super) fn finish(mut self, outcome: Outcome) {
        let now = Moment::now();
        let phase = self.phase.take();
        if let Some((phase, since)) = phase {
            self.leave(phase, since, now, outcome.into());
        }
        self.recorder.migration_closed(&Closing {
            pair: self.pair,
            plan: self.plan,
            phase: phase.map(|(phase, _)| phase),
            outcome,
            duration: now.since(self.begun).as_secs_f64(),
            downtime: self.downtime(),
            moved: self.moved,
            told: self.told_bytes,
            rounds: self.rounds,
        });
        self.trace.finish(
            &self.recorder,
            self.recorder.migrations().pair(self.pair),
            self.plan.mode,
            (self.begun, now),
            outcome.into(),
        );
        self.in_flight.dec();
    }

    /// The guest cannot have stood still for longer than the phase in which it stands still. One who
    /// says so is corrected, and counted.
    fn downtime(&self) -> Option<f64> {
        let measured = self.stop_and_copy.map(|pause| pause.as_secs_f64());
        match (self.told_downtime, measured) {
            (Some(told), Some(measured)) if told > measured => {
                self.recorder.internal_error(Site::Record);
                Some(measured)
            }
            (told, measured) => told.or(measured),
        }
    }
}

fn in_flight(recorder: &Recorder, mode: Option<DwcpMode>) -> UpDownGauge {
    recorder
        .catalog()
        .migration
        .migrations_in_flight
        .with(&AnyModeLabels { mode })
}

fn transferred(recorder: &Recorder, mode: Option<DwcpMode>, direction: Direction, bytes: u64) {
    recorder
        .catalog()
        .migration
        .transferred_bytes_total
        .inc_by(&TransferLabels { mode, direction }, bytes);
}

/// What is written when a migration ends.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) pair: PairId,
    pub(super) plan: Plan,
    pub(super) phase: Option<MigrationPhase>,
    pub(super) outcome: Outcome,
    pub(super) duration: f64,
    pub(super) downtime: Option<f64>,
    /// Bytes that were counted as they moved, and those that were told in one sum.
    pub(super) moved: u64,
    pub(super) told: Option<u64>,
    pub(super) rounds: u32,
}

impl Recorder {
    pub(super) fn migration_closed(&self, end: &Closing) {
        let families = &self.catalog().migration;
        let status = status_of(end.outcome);
        let Plan { mode, kind, .. } = end.plan;
        let mode_labels = AnyModeLabels { mode };
        if let Some(pair) = self.migrations().pair(end.pair) {
            pair.count(status);
            // Promised so: a migration that took no time at all was not timed.
            if end.duration != 0.0 {
                pair.duration.observe(end.duration);
            }
        }
        families.migrations_ended_total.inc(&EndLabels {
            phase: end.phase,
            status,
        });
        let error_type = error_of(end.outcome);
        if let Some(error_type) = error_type {
            families
                .migration_errors_total
                .inc(&MigrationErrorLabels { error_type });
            families.migration_failures_total.inc(&PhaseErrorLabels {
                phase: end.phase,
                error_type,
            });
        }
        if let Some(kind) = kind {
            let reason = error_type.unwrap_or(MigrationError::Failed);
            self.vm_migration(kind, status, reason, end.duration);
        }
        let unseen = end.told.unwrap_or(0).saturating_sub(end.moved);
        if unseen > 0 || end.told == Some(0) {
            transferred(self, mode, Direction::Sent, unseen);
        }
        let bytes = end.moved + unseen;
        if end.duration > 0.0 && (bytes > 0 || end.told.is_some()) {
            families
                .migration_throughput_bytes_per_second
                .observe(&mode_labels, bytes as f64 / end.duration);
        }
        if let Some(downtime) = end.downtime {
            families
                .migration_downtime_seconds
                .observe(&mode_labels, downtime);
        }
        if end.rounds > 0 {
            families.migration_rounds.observe(f64::from(end.rounds));
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
        Outcome::Failure(failure) => Some(class_of(failure)),
    }
}

/// The class that the failure was made of, else the nearest to the class it has for clients.
fn class_of(failure: Failure) -> MigrationError {
    failure
        .migration_error()
        .unwrap_or(match failure.error_type {
            ApiError::Unavailable | ApiError::BadGateway => MigrationError::StreamFailed,
            ApiError::RateLimited | ApiError::PayloadTooLarge => MigrationError::ResourceLimit,
            ApiError::Other => MigrationError::Other,
            _ => MigrationError::Failed,
        })
}
