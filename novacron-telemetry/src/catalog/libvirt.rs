//! Libvirt and the domains behind it, as collectors see them.
//!
//! Jobs of domains, migrations above all, are watched by a collector of their own: they move faster
//! than anything else, and most of the time there is none. What NovaCron itself migrates is counted
//! by its verbs; the families here also see what others start.

use super::guest::VmName;
use super::labels::{Host, Version};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Absolute, Collected, Counter, Family, Gauge, Histogram, buckets};
use crate::registry::MetricGroup;

/// Libvirt and the domains behind it.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_libvirt", writer = Collector("libvirt"))]
pub struct LibvirtMetrics {
    /// Domains by state.
    #[metric(
        literal = "novacron_libvirt_domains_total",
        reason = "the prefixed form of a name that is promised literally",
        unit = "domains"
    )]
    pub domains_total: Collected<DomainLabels, Gauge>,

    /// 1 while the libvirt socket answers.
    pub up: Collected<HostLabels, Gauge>,

    /// Release of the libvirt daemon; the value is always 1.
    pub info: Collected<InfoLabels, Gauge>,

    /// Domains whose hypervisor does not answer libvirt.
    #[metric(unit = "domains")]
    pub blocked_domains: Collected<HostLabels, Gauge>,

    /// 1 while a job runs on a domain.
    #[metric(writer = Collector("libvirt_jobs"))]
    pub job_active: Collected<JobLabels, Gauge>,

    /// Time since the running job began.
    #[metric(unit = Seconds, writer = Collector("libvirt_jobs"))]
    pub job_elapsed_seconds: Collected<JobLabels, Gauge>,

    /// Memory and disk that the running job has to move.
    #[metric(unit = Bytes, writer = Collector("libvirt_jobs"))]
    pub job_data_bytes: Collected<JobLabels, Gauge>,

    /// Memory and disk that the running job has moved.
    #[metric(unit = Bytes, writer = Collector("libvirt_jobs"))]
    pub job_data_processed_bytes: Collected<JobLabels, Gauge>,

    /// Memory and disk that the running job has still to move.
    #[metric(unit = Bytes, writer = Collector("libvirt_jobs"))]
    pub job_data_remaining_bytes: Collected<JobLabels, Gauge>,

    /// Memory that the running job has to move.
    #[metric(unit = Bytes, writer = Collector("libvirt_jobs"))]
    pub job_memory_bytes: Collected<JobLabels, Gauge>,

    /// Memory that the running job has moved, repeated pages each time.
    #[metric(unit = Bytes, writer = Collector("libvirt_jobs"))]
    pub job_memory_processed_bytes: Collected<JobLabels, Gauge>,

    /// Memory that the running job has still to move.
    #[metric(unit = Bytes, writer = Collector("libvirt_jobs"))]
    pub job_memory_remaining_bytes: Collected<JobLabels, Gauge>,

    /// Speed at which the running job moves memory.
    #[metric(unit = BytesPerSecond, writer = Collector("libvirt_jobs"))]
    pub job_memory_bytes_per_second: Collected<JobLabels, Gauge>,

    /// Speed at which the guest changes memory that was moved already; absent until the second iteration.
    #[metric(unit = BytesPerSecond, writer = Collector("libvirt_jobs"))]
    pub job_memory_dirty_bytes_per_second: Collected<JobLabels, Gauge>,

    /// Passes over the guest's memory that the running job has begun.
    #[metric(unit = "iterations", writer = Collector("libvirt_jobs"))]
    pub job_memory_iterations: Collected<JobLabels, Gauge>,

    /// Disk that the running job has to move.
    #[metric(unit = Bytes, writer = Collector("libvirt_jobs"))]
    pub job_disk_bytes: Collected<JobLabels, Gauge>,

    /// Disk that the running job has still to move.
    #[metric(unit = Bytes, writer = Collector("libvirt_jobs"))]
    pub job_disk_remaining_bytes: Collected<JobLabels, Gauge>,

    /// Pause of the guest that the running job expects.
    #[metric(unit = Seconds, writer = Collector("libvirt_jobs"))]
    pub job_expected_downtime_seconds: Collected<JobLabels, Gauge>,

    /// Share of CPU time taken from the guest so that the running job can end, 0 to 1.
    #[metric(unit = Ratio, writer = Collector("libvirt_jobs"))]
    pub job_throttle_ratio: Collected<JobLabels, Gauge>,

    /// Pages the destination had to ask for since the guest runs there.
    #[metric(unit = "requests", writer = Collector("libvirt_jobs"))]
    pub job_postcopy_requests_total: Collected<JobLabels, Absolute>,

    /// Jobs that ended while they were watched.
    #[metric(unit = "jobs", writer = Collector("libvirt_jobs"))]
    pub jobs_ended_total: Family<JobEndLabels, Counter>,

    /// Time that completed jobs took.
    #[metric(unit = Seconds, buckets = buckets::MIGRATION, writer = Collector("libvirt_jobs"))]
    pub job_duration_seconds: Family<JobOperationLabels, Histogram>,

    /// Pause of the guest in completed jobs.
    #[metric(unit = Seconds, buckets = buckets::DOWNTIME, writer = Collector("libvirt_jobs"))]
    pub job_downtime_seconds: Family<JobOperationLabels, Histogram>,

    /// Data that completed jobs moved.
    #[metric(unit = Bytes, writer = Collector("libvirt_jobs"))]
    pub job_moved_bytes_total: Family<JobOperationLabels, Counter>,
}

/// Which host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct HostLabels {
    pub host: Host,
}

/// Which host, and which release of libvirt it has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct InfoLabels {
    pub host: Host,
    pub version: Version,
}

/// Which VM, and what is done to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct JobLabels {
    pub name: VmName,
    pub host: Host,
    pub operation: JobOperation,
}

/// What was done, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct JobOperationLabels {
    pub host: Host,
    pub operation: JobOperation,
}

/// What was done, where, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct JobEndLabels {
    pub host: Host,
    pub operation: JobOperation,
    pub status: JobStatus,
}

/// In which state, by host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DomainLabels {
    pub host: Host,
    pub state: DomainState,
}

/// State of a libvirt domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum DomainState {
    Nostate,
    Running,
    Blocked,
    Paused,
    Shutdown,
    Shutoff,
    Crashed,
    Pmsuspended,
}

/// What a job of libvirt does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum JobOperation {
    Start,
    Save,
    Restore,
    MigrationIn,
    MigrationOut,
    Snapshot,
    SnapshotRevert,
    SnapshotDelete,
    Dump,
    Backup,
    #[label(other)]
    Unknown,
}

/// How a job of libvirt ended; `unknown` if it is gone and nobody told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum JobStatus {
    Success,
    Failed,
    Cancelled,
    #[label(other)]
    Unknown,
}
