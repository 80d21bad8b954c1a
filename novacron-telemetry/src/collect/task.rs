//! One collector between its runs: when the next one is due, and what the last one came to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::worker::{End, Finished, Job};
use super::{CollectError, CollectErrorKind, Schedule, show};
use crate::catalog::ExporterMetrics;
use crate::catalog::exporter::{CollectorRun, CollectorState};

/// How often a collector may panic in a row.
const PANICS: u32 = 5;
/// The longest pause before something that was absent is looked for again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One collector.
pub(super) struct Task {
    pub(super) id: u64,
    pub(super) name: &'static str,
    schedule: Schedule,
    jobs: Option<Sender<Job>>,
    /// Publishes *nothing is known*.
    forget: Box<dyn Fn() + Send>,
    state: CollectorState,
    /// Why the state is what it is, as it was last said.
    why: String,
    due: Instant,
    run: Option<Running>,
    runs: u64,
    /// When the values that are shown were read; `None` if none are.
    read_at: Option<Instant>,
    panics: u32,
    /// Runs in a row that found nothing to read.
    absences: u32,
}

/// A run that is not back.
#[derive(Clone, Copy)]
struct Running {
    begun: Instant,
    late: bool,
}

impl Task {
    pub(super) fn new(
        id: u64,
        name: &'static str,
        schedule: Schedule,
        jobs: Sender<Job>,
        forget: Box<dyn Fn() + Send>,
    ) -> Self {
        Self {
            id,
            name,
            schedule,
            jobs: Some(jobs),
            forget,
            state: CollectorState::Starting,
            why: String::new(),
            due: Instant::now(),
            run: None,
            runs: 0,
            read_at: None,
            panics: 0,
            absences: 0,
        }
    }

    /// What there is to do by now; it is called again at [`next`](Self::next).
    pub(super) fn tick(&mut self, now: Instant, metrics: &ExporterMetrics) {
        if let Some(run) = &mut self.run
            && !run.late
            && now >= run.begun + self.schedule.longest()
        {
            run.late = true;
            show::ended(metrics, self.name, CollectorRun::TimedOut);
            let why = format!("it has not come back after {:?}", self.schedule.longest());
            self.enter(CollectorState::Stuck, &why, metrics);
        }
        if self.run.is_none() && self.jobs.is_some() && now >= self.due {
            self.start(now, metrics);
        }
        if self
            .read_at
            .is_some_and(|read| now >= read + self.schedule.oldest())
        {
            self.forget();
        }
    }

    fn start(&mut self, now: Instant, metrics: &ExporterMetrics) {
        self.runs += 1;
        let job = Job {
            number: self.runs,
            deadline: self.schedule.longest(),
        };
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        if sent {
            self.run = Some(Running {
                begun: now,
                late: false,
            });
        } else {
            self.disable("its thread is gone", metrics);
        }
    }

    /// A run is back. What is late is thrown away.
    pub(super) fn finished(&mut self, now: Instant, finished: Finished, metrics: &ExporterMetrics) {
        let Some(run) = self.run.take() else { return };
        debug_assert_eq!(finished.number, self.runs, "one run at a time");
        show::took(metrics, self.name, finished.took);
        self.schedule_next(now, run.begun, metrics);
        let late = run.late || finished.took > self.schedule.longest();
        if late {
            if !run.late {
                show::ended(metrics, self.name, CollectorRun::TimedOut);
            }
            // The reading is the collector's own: so is what dropping it does.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(finished.end)));
            let why = format!("it took {:.1?}", finished.took);
            self.enter(CollectorState::TimedOut, &why, metrics);
            return;
        }
        let published = match finished.end {
            End::Read(publish) => catch_unwind(AssertUnwindSafe(publish)).map_err(|_| None),
            End::Failed(error) => Err(Some(error)),
            End::Panicked => Err(None),
        };
        match published {
            Ok(()) => {
                self.read_at = Some(now);
                if let Some(error) = finished.run.failure() {
                    return self.failed(now, error, metrics);
                }
                (self.panics, self.absences) = (0, 0);
                let skipped = finished.run.skipped();
                show::targets(metrics, self.name, skipped);
                let (result, state) = match skipped {
                    0 => (CollectorRun::Ok, CollectorState::Ok),
                    _ => (CollectorRun::Partial, CollectorState::Partial),
                };
                show::ended(metrics, self.name, result);
                self.enter(state, &finished.run.skipped_targets().join("; "), metrics);
                if let Some(pause) = finished.run.asked_again() {
                    self.due = self.due.min(now + pause);
                }
            }
            Err(Some(error)) => self.failed(now, &error, metrics),
            Err(None) => self.panicked(metrics),
        }
    }

    fn failed(&mut self, now: Instant, error: &CollectError, metrics: &ExporterMetrics) {
        self.panics = 0;
        let (result, state) = match error.kind() {
            CollectErrorKind::Absent => (CollectorRun::Absent, CollectorState::Absent),
            CollectErrorKind::Denied => (CollectorRun::Denied, CollectorState::Denied),
            CollectErrorKind::TimedOut => (CollectorRun::TimedOut, CollectorState::TimedOut),
            CollectErrorKind::Failed => (CollectorRun::Failed, CollectorState::Failed),
        };
        if matches!(state, CollectorState::Absent | CollectorState::Denied) {
            // It may come, but nobody waits for it: looked for ever more rarely.
            let interval = self.schedule.interval();
            let pause = interval * 2_u32.saturating_pow(self.absences.min(8));
            self.due = now + pause.min(LONGEST_PAUSE.max(interval));
            self.absences += 1;
        } else {
            self.absences = 0;
        }
        show::ended(metrics, self.name, result);
        self.enter(state, error.why(), metrics);
    }

    fn panicked(&mut self, metrics: &ExporterMetrics) {
        show::ended(metrics, self.name, CollectorRun::Panicked);
        self.panics += 1;
        if self.panics >= PANICS {
            self.disable(&format!("it panicked {PANICS} times in a row"), metrics);
        } else {
            self.enter(CollectorState::Failed, "it panicked", metrics);
        }
    }

    /// The next run is due one interval after this one began. Those that there was no time for are
    /// counted, not made up for.
    fn schedule_next(&mut self, now: Instant, begun: Instant, metrics: &ExporterMetrics) {
        let interval = self.schedule.interval();
        self.due = begun + interval;
        if self.runs == 1 {
            // All begin together; from now on not all at the same moment.
            self.due += interval / 32 * u32::try_from(self.id % 8).unwrap_or_default();
        }
        let missed = now.saturating_duration_since(self.due).as_nanos() / interval.as_nanos();
        if missed > 0 {
            show::skipped(
                metrics,
                self.name,
                u64::try_from(missed).unwrap_or(u64::MAX),
            );
            self.due = now;
        }
    }

    fn disable(&mut self, why: &str, metrics: &ExporterMetrics) {
        self.jobs = None;
        show::enabled(metrics, self.name, false);
        self.enter(CollectorState::Disabled, why, metrics);
    }

    /// Shows a state, and says so when it is another one than before.
    fn enter(&mut self, state: CollectorState, why: &str, metrics: &ExporterMetrics) {
        show::state(metrics, self.name, state);
        if state == self.state {
            return;
        }
        let before = std::mem::replace(&mut self.state, state);
        why.clone_into(&mut self.why);
        let collector = self.name;
        match state {
            CollectorState::Ok if before == CollectorState::Starting => {
                tracing::debug!(collector, "collector works");
            }
            CollectorState::Ok => tracing::info!(collector, "collector works again"),
            CollectorState::Absent | CollectorState::Starting => {
                tracing::debug!(collector, why, "there is nothing to collect here");
            }
            CollectorState::Denied => {
                tracing::info!(collector, why, "collector has no permission");
            }
            CollectorState::Partial => {
                tracing::warn!(collector, why, "collector left something out");
            }
            CollectorState::Failed
            | CollectorState::TimedOut
            | CollectorState::Stuck
            | CollectorState::Disabled => {
                tracing::warn!(collector, why, "collector does not work");
            }
        }
    }

    /// Shows that it is switched off, and nothing else of it.
    pub(super) fn leave(&mut self, metrics: &ExporterMetrics) {
        show::enabled(metrics, self.name, false);
        show::state(metrics, self.name, CollectorState::Disabled);
        self.forget();
    }

    /// Takes every series of this collector away.
    fn forget(&mut self) {
        self.read_at = None;
        // A panic here is one of `publish`, which was counted when it had something to show.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.forget)()));
    }

    /// When there is something to do again, if nothing comes back before.
    pub(super) fn next(&self) -> Option<Instant> {
        let run = match self.run {
            Some(run) if run.late => None,
            Some(run) => Some(run.begun + self.schedule.longest()),
            None => self.jobs.is_some().then_some(self.due),
        };
        let stale = self.read_at.map(|read| read + self.schedule.oldest());
        run.into_iter().chain(stale).min()
    }

    pub(super) fn state(&self) -> CollectorState {
        self.state
    }

    /// How long its run has been past the deadline.
    pub(super) fn stuck(&self, now: Instant) -> Option<Duration> {
        let run = self.run.filter(|run| run.late)?;
        Some(now.saturating_duration_since(run.begun + self.schedule.longest()))
    }
}
