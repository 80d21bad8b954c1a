//! Placement, background jobs and backups.

use super::clock::Moment;
use super::current::with_current;
use super::run::{Held, Run};
use super::{Outcome, Recorder, current};
use crate::catalog::scheduler::{
    BackupRunLabelsRef, JobNameLabelsRef, JobRunLabelsRef, PlacementLabels, ResourceLabels,
    TargetLabelsRef,
};
use crate::catalog::{JobEnd, OperationStatus, Resource};
use crate::context::FinishedSpan;
use crate::metric::Seconds;

/// A run of a background job. Dropped without [`finish`](BackgroundJob::finish), it was cancelled.
///
/// ```
/// use novacron_telemetry::record::BackgroundJob;
///
/// let job = BackgroundJob::begin("prune_snapshots");
/// let pruned: Result<u32, ()> = Ok(3);
/// job.finish(pruned.is_ok());
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the run was cancelled"]
pub struct BackgroundJob<'a>(Held<Task<&'a str>>);

impl<'a> BackgroundJob<'a> {
    /// A run of this job begins.
    pub fn begin(job_name: &'a str) -> Self {
        Self::begin_with(current::current(), job_name)
    }

    /// A run of this job begins that is recorded by `recorder`.
    pub fn begin_with(recorder: Recorder, job_name: &'a str) -> Self {
        Self(Held::new(recorder, Task(job_name)))
    }

    /// It is over: whether it worked, or how it ended.
    pub fn finish(self, outcome: impl Into<Outcome>) {
        self.0.finish(outcome.into());
    }
}

/// A background job, by its name.
#[derive(Debug)]
pub struct Task<T>(pub(super) T);

impl<T: AsRef<str>> Run for Task<T> {
    type Verdict = Outcome;
    type Measured = ();

    fn describe(&self, span: &mut FinishedSpan) {
        span.name = format!("job.{}", self.0.as_ref()).into();
    }

    fn begin(&self, recorder: &Recorder) {
        let job_name = self.0.as_ref();
        let runs = &recorder.catalog().scheduler.background_job_runs_total;
        runs.touch_together(JobEnd::ALL.iter().map(|status| JobRunLabelsRef {
            job_name,
            status: *status,
        }));
    }

    fn end(self, recorder: &Recorder, begun: Moment, outcome: Outcome, (): ()) {
        let scheduler = &recorder.catalog().scheduler;
        let (job_name, now) = (self.0.as_ref(), Moment::now());
        let status = match outcome {
            Outcome::Success => JobEnd::Completed,
            Outcome::Cancelled => JobEnd::Cancelled,
            Outcome::Failure(_) | Outcome::TimedOut => JobEnd::Failed,
        };
        let job = JobNameLabelsRef { job_name };
        scheduler
            .background_job_runs_total
            .inc(&JobRunLabelsRef { job_name, status });
        let row = scheduler.background_job_duration_seconds.row(&job);
        scheduler
            .background_job_duration_seconds
            .observe_at(row, now.since(begun));
        if status == JobEnd::Completed {
            scheduler
                .background_job_last_success_timestamp_seconds
                .at(row)
                .set(now.unix_seconds());
        }
    }
}

/// A placement decision was taken: `success`, `failure` or `error`, and the time it took.
///
/// ```
/// novacron_telemetry::record::record_placement("success", 0.004);
/// ```
pub fn record_placement(status: &str, duration: impl Into<Seconds>) {
    let (status, duration) = (OperationStatus::from(status), duration.into());
    with_current(|recorder| {
        let scheduler = &recorder.catalog().scheduler;
        scheduler
            .scheduler_decisions_total
            .inc(&PlacementLabels { status });
        scheduler
            .scheduler_decision_duration_seconds
            .observe(duration);
    });
}

/// `cpu`, `memory`, `disk` or `network` could not be allocated.
///
/// ```
/// novacron_telemetry::record::record_allocation_failure("memory");
/// ```
pub fn record_allocation_failure(resource: &str) {
    with_current(|recorder| {
        if let Some(resource) = recorder.known(Resource::parse(resource)) {
            let failures = &recorder
                .catalog()
                .scheduler
                .scheduler_allocation_failures_total;
            failures.inc(&ResourceLabels { resource });
        }
    });
}

/// A backup that is running. Dropped without [`completed`](Backup::completed) or
/// [`failed`](Backup::failed), it was cancelled.
///
/// ```
/// use novacron_telemetry::record::Backup;
///
/// Backup::begin("database").completed();
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the backup was cancelled"]
pub struct Backup<'a> {
    recorder: Recorder,
    target: &'a str,
    begun: Moment,
    end: JobEnd,
}

impl<'a> Backup<'a> {
    /// A backup of this target begins.
    pub fn begin(target: &'a str) -> Self {
        Self::begin_with(current::current(), target)
    }

    /// A backup begins that is recorded by `recorder`.
    pub fn begin_with(recorder: Recorder, target: &'a str) -> Self {
        let runs = &recorder.catalog().scheduler.backup_runs_total;
        runs.touch_together(ends(target));
        Self {
            recorder,
            target,
            begun: Moment::now(),
            end: JobEnd::Cancelled,
        }
    }

    /// It is whole, and the time of the last good one is now.
    pub fn completed(mut self) {
        self.end = JobEnd::Completed;
    }

    /// There is none.
    pub fn failed(mut self) {
        self.end = JobEnd::Failed;
    }
}

impl Drop for Backup<'_> {
    fn drop(&mut self) {
        let now = Moment::now();
        let took = now.since(self.begun);
        self.recorder.backup(self.target, self.end, took, now);
    }
}

/// Every way a backup can end: the first failure of a target must be an increase.
fn ends(target: &str) -> impl Iterator<Item = BackupRunLabelsRef<'_>> {
    let labels = move |status| BackupRunLabelsRef { target, status };
    JobEnd::ALL.iter().copied().map(labels)
}

impl Recorder {
    fn backup(&self, target: &str, status: JobEnd, took: impl Into<Seconds>, now: Moment) {
        let scheduler = &self.catalog().scheduler;
        scheduler
            .backup_runs_total
            .inc_among(&BackupRunLabelsRef { target, status }, ends(target));
        let duration = &scheduler.backup_duration_seconds;
        let row = duration.row(&TargetLabelsRef { target });
        duration.observe_at(row, took);
        if status == JobEnd::Completed {
            scheduler
                .backup_last_success_timestamp_seconds
                .at(row)
                .set(now.unix_seconds());
        }
    }
}

/// A backup of `vm`, `database`, `config` and so on is over: `completed`, `failed` or `cancelled`.
///
/// ```
/// novacron_telemetry::record::record_backup("database", "completed", 90.0);
/// ```
pub fn record_backup(target: &str, status: &str, duration: impl Into<Seconds>) {
    let (status, duration) = (JobEnd::from(status), duration.into());
    with_current(|recorder| recorder.backup(target, status, duration, Moment::now()));
}
