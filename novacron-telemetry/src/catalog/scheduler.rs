//! Placement, background jobs, backups.

use std::sync::Arc;

use super::labels::{JobEnd, OperationStatus, Resource};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Histogram, Timestamp, buckets};
use crate::registry::MetricGroup;

/// Placement, background jobs and backups.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Verb("BackgroundJob"))]
pub struct SchedulerMetrics {
    /// Background job runs finished.
    #[metric(unit = "runs")]
    pub background_job_runs_total: Family<JobRunLabels, Counter>,

    /// Run time of background jobs.
    #[metric(unit = Seconds, buckets = buckets::JOB, joined)]
    pub background_job_duration_seconds: Family<JobNameLabels, Histogram>,

    /// Unix time of the last good run.
    #[metric(unit = Seconds, joined)]
    pub background_job_last_success_timestamp_seconds: Family<JobNameLabels, Timestamp>,

    /// Placement decisions taken.
    #[metric(unit = "decisions", writer = Verb("record_placement"))]
    pub scheduler_decisions_total: Family<PlacementLabels, Counter>,

    /// Time to take a placement decision.
    #[metric(unit = Seconds, buckets = buckets::HTTP, writer = Verb("record_placement"))]
    pub scheduler_decision_duration_seconds: Histogram,

    /// Resource allocations refused.
    #[metric(unit = "failures", writer = Verb("record_allocation_failure"))]
    pub scheduler_allocation_failures_total: Family<ResourceLabels, Counter>,

    /// Backups finished.
    #[metric(unit = "runs", writer = Verb("record_backup"))]
    pub backup_runs_total: Family<BackupRunLabels, Counter>,

    /// Time a backup took.
    #[metric(unit = Seconds, buckets = buckets::JOB, joined, writer = Verb("record_backup"))]
    pub backup_duration_seconds: Family<TargetLabels, Histogram>,

    /// Unix time of the last good backup.
    #[metric(unit = Seconds, joined, writer = Verb("record_backup"))]
    pub backup_last_success_timestamp_seconds: Family<TargetLabels, Timestamp>,
}

/// How a run of a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct JobRunLabels {
    pub job_name: JobName,
    pub status: JobEnd,
}

/// Which background job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct JobNameLabels {
    pub job_name: JobName,
}

/// How a placement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PlacementLabels {
    pub status: OperationStatus,
}

/// Which resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ResourceLabels {
    pub resource: Resource,
}

/// How a backup ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct BackupRunLabels {
    pub target: BackupTarget,
    pub status: JobEnd,
}

/// What is backed up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct TargetLabels {
    pub target: BackupTarget,
}

/// Name of a background job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct JobName(Arc<str>);

/// What is backed up, such as `vm`, `database`, `config`, `grafana` or `prometheus`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
pub struct BackupTarget(Arc<str>);
