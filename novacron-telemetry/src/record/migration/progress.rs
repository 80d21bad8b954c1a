//! How far a migration is: the phase it is in, the rounds it made, the bytes it moved. And its end.

use std::cell::RefCell;
use std::sync::Arc;
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

thread_local! {
    /// Places of migrations that are over, for the next ones: so that none is allocated. A thread
    /// that ran more of them at once lets the others go.
    static SPARE: RefCell<Vec<Arc<Shared>>> = const { RefCell::new(Vec::new()) };
}

const SPARE_PLACES: usize = 16;

impl Shared {
    pub(super) fn begin(progress: Progress) -> Arc<Self> {
        let spare = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        let mut shared = spare.ok().flatten().unwrap_or_default();
        match Arc::get_mut(&mut shared) {
            Some(place) => *place.0.get_mut() = Some(progress),
            None => shared = Arc::new(Self(Mutex::new(Some(progress)))),
        }
        shared
    }

    /// The migration is over. What it writes is written in its place, of which moving it would cost
    /// more than that.
    pub(super) fn finish(mut self: Arc<Self>, outcome: Outcome) {
        let over = |place: &mut Option<Progress>| {
            let progress = place.as_mut()?;
            progress.finish(outcome);
            let shown = (progress.rounds > 0).then(|| (progress.recorder.clone(), progress.pair));
            *place = None;
            shown
        };
        let shown = match Arc::get_mut(&mut self) {
            Some(alone) => over(alone.0.get_mut()),
            None => over(&mut self.0.lock()),
        };
        if let Some((recorder, pair)) = shown
            && let Some(pair) = recorder.migrations().pair(pair)
        {
            pair.over(&self);
        }
        self.give_back();
    }

    /// Keeps the place of a migration that is over, unless somebody still holds a handle to it: to
    /// them it must stay that migration's, and silent.
    fn give_back(self: Arc<Self>) {
        // Nobody can make a second share of the only one.
        if Arc::strong_count(&self) == 1 {
            let _ = SPARE.try_with(|spare| {
                if let Ok(mut spare) = spare.try_borrow_mut()
                    && spare.len() < SPARE_PLACES
                {
                    spare.push(self);
                }
            });
        }
    }

    /// Does something with the progress, unless the migration is over. No code of the host runs
    /// in here.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Progress) -> R) -> Option<R> {
        self.0.lock().as_mut().map(f)
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
    /// Boxed, because most have none.
    trace: Option<Box<MigrationTrace>>,
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
    pub(super) fn begin(recorder: Recorder, pair: PairId, plan: Plan) -> Self {
        recorder.catalog().migration.migrations_started_total.inc();
        let in_flight = in_flight(&recorder, plan.mode);
        in_flight.inc();
        Self {
            trace: MigrationTrace::begin(&recorder),
            recorder,
            pair,
            plan,
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
        self.trace.as_ref()?.context()
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
        if let Some(trace) = &self.trace {
            trace.phase(&self.recorder, phase, (since, now), end);
        }
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

    /// The migration is over.
    fn finish(&mut self, outcome: Outcome) {
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
        if let Some(trace) = &self.trace {
            trace.finish(
                &self.recorder,
                self.recorder.migrations().pair(self.pair),
                self.plan.mode,
                (self.begun, now),
                outcome.into(),
            );
        }
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
