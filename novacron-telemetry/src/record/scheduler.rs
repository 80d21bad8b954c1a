//! Placement, background jobs and backups.

use super::clock::Moment;
use super::current::with_current;
use super::{Recorder, current};
use crate::catalog::scheduler::{
    BackupRunLabelsRef, JobNameLabelsRef, JobRunLabelsRef, PlacementLabels, ResourceLabels,
    TargetLabelsRef,
};
use crate::catalog::{JobEnd, OperationStatus, Resource};
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
pub struct BackgroundJob<'a> {
    recorder: Recorder,
    job_name: &'a str,
    begun: Moment,
    end: JobEnd,
}

impl<'a> BackgroundJob<'a> {
    /// A run of this job begins.
    pub fn begin(job_name: &'a str) -> Self {
        Self::begin_with(current::current(), job_name)
    }

    /// A run of this job begins that is recorded by `recorder`.
    pub fn begin_with(recorder: Recorder, job_name: &'a str) -> Self {
        let runs = &recorder.catalog().scheduler.background_job_runs_total;
        runs.touch_together(JobEnd::ALL.iter().map(|status| JobRunLabelsRef {
            job_name,
            status: *status,
        }));
        Self {
            recorder,
            job_name,
            begun: Moment::now(),
            end: JobEnd::Cancelled,
        }
    }

    /// It is over.
    pub fn finish(mut self, success: bool) {
        self.end = if success {
            JobEnd::Completed
        } else {
            JobEnd::Failed
        };
    }
}

impl Drop for BackgroundJob<'_> {
    fn drop(&mut self) {
        let scheduler = &self.recorder.catalog().scheduler;
        let (job_name, status, now) = (self.job_name, self.end, Moment::now());
        let job = JobNameLabelsRef { job_name };
        scheduler
            .background_job_runs_total
            .inc(&JobRunLabelsRef { job_name, status });
        scheduler
            .background_job_duration_seconds
            .observe(&job, now.since(self.begun));
        if status == JobEnd::Completed {
            scheduler
                .background_job_last_success_timestamp_seconds
                .set(&job, now.unix_seconds());
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

/// A backup of `vm`, `database`, `config` and so on is over: `completed`, `failed` or `cancelled`.
///
/// ```
/// novacron_telemetry::record::record_backup("database", "completed", 90.0);
/// ```
pub fn record_backup(target: &str, status: &str, duration: impl Into<Seconds>) {
    let (status, duration) = (JobEnd::from(status), duration.into());
    with_current(|recorder| {
        let scheduler = &recorder.catalog().scheduler;
        let labels = |status| BackupRunLabelsRef { target, status };
        let ends = JobEnd::ALL.iter().copied().map(labels);
        scheduler.backup_runs_total.inc_among(&labels(status), ends);
        let target = TargetLabelsRef { target };
        scheduler.backup_duration_seconds.observe(&target, duration);
        if status == JobEnd::Completed {
            let now = Moment::now().unix_seconds();
            scheduler
                .backup_last_success_timestamp_seconds
                .set(&target, now);
        }
    });
}
