//! Jobs as families of the catalog.

use novacron_telemetry::catalog::LibvirtMetrics;
use novacron_telemetry::catalog::libvirt::{
    JobEndLabelsRef, JobLabelsRef, JobOperation, JobOperationLabelsRef, JobStatus,
};

use super::job::{JobStats, Operation, Phase};
use super::jobs::{JobsReading, RunningJob};

/// One value of something, if it is known.
type Value<T, N> = fn(&T) -> Option<N>;

pub(crate) fn publish(reading: &JobsReading, metrics: &LibvirtMetrics) {
    running(reading, metrics);
    ended(reading, metrics);
}

fn running(reading: &JobsReading, metrics: &LibvirtMetrics) {
    let shown: &[RunningJob] = match reading.per_vm {
        true => &reading.running,
        false => &[],
    };
    let rows = |value: fn(&JobStats) -> Option<f64>| {
        shown.iter().filter_map(move |job| {
            let labels = JobLabelsRef {
                name: &job.name,
                host: &reading.host,
                operation: operation(job.stats.operation),
            };
            Some((labels, value(&job.stats)?))
        })
    };
    let gauges: [(_, Value<JobStats, f64>); 15] = [
        (&metrics.job_active, |_| Some(1.0)),
        (&metrics.job_elapsed_seconds, |job| seconds(job.elapsed_ms)),
        (&metrics.job_data_bytes, |job| number(job.data.total)),
        (&metrics.job_data_processed_bytes, |job| {
            number(job.data.processed)
        }),
        (&metrics.job_data_remaining_bytes, |job| {
            number(job.data.remaining)
        }),
        (&metrics.job_memory_bytes, |job| number(job.memory.total)),
        (&metrics.job_memory_processed_bytes, |job| {
            number(job.memory.processed)
        }),
        (&metrics.job_memory_remaining_bytes, |job| {
            number(job.memory.remaining)
        }),
        (&metrics.job_memory_bytes_per_second, |job| {
            number(job.memory_bps)
        }),
        (
            &metrics.job_memory_dirty_bytes_per_second,
            JobStats::dirty_bytes_per_second,
        ),
        (&metrics.job_memory_iterations, |job| number(job.iterations)),
        (&metrics.job_disk_bytes, |job| number(job.disk.total)),
        (&metrics.job_disk_remaining_bytes, |job| {
            number(job.disk.remaining)
        }),
        (&metrics.job_expected_downtime_seconds, |job| {
            seconds(job.downtime_ms)
        }),
        (&metrics.job_throttle_ratio, |job| {
            number(job.throttle_percent).map(|percent| percent / 100.0)
        }),
    ];
    for (family, value) in gauges {
        family.replace_all(rows(value));
    }
    metrics
        .job_postcopy_requests_total
        .replace_all(rows(|job| number(job.postcopy_requests)));
}

fn ended(reading: &JobsReading, metrics: &LibvirtMetrics) {
    let host = reading.host.as_str();
    for job in &reading.ended {
        let operation = operation(job.operation);
        let status = match job.phase {
            Some(Phase::Completed) => JobStatus::Success,
            Some(Phase::Failed) => JobStatus::Failed,
            Some(Phase::Cancelled) => JobStatus::Cancelled,
            Some(Phase::None | Phase::Running) | None => JobStatus::Unknown,
        };
        metrics.jobs_ended_total.inc(&JobEndLabelsRef {
            host,
            operation,
            status,
        });
        let labels = JobOperationLabelsRef { host, operation };
        let Some(stats) = job.stats else {
            continue;
        };
        if let Some(duration) = seconds(stats.elapsed_ms) {
            metrics.job_duration_seconds.observe(&labels, duration);
        }
        if let Some(downtime) = seconds(stats.downtime_ms) {
            metrics.job_downtime_seconds.observe(&labels, downtime);
        }
        if let Some(bytes) = stats.data.processed {
            metrics.job_moved_bytes_total.inc_by(&labels, bytes);
        }
    }
}

fn number(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

fn seconds(milliseconds: Option<u64>) -> Option<f64> {
    milliseconds.map(|ms| ms as f64 / 1000.0)
}

fn operation(operation: Operation) -> JobOperation {
    match operation {
        Operation::Unknown => JobOperation::Unknown,
        Operation::Start => JobOperation::Start,
        Operation::Save => JobOperation::Save,
        Operation::Restore => JobOperation::Restore,
        Operation::MigrationIn => JobOperation::MigrationIn,
        Operation::MigrationOut => JobOperation::MigrationOut,
        Operation::Snapshot => JobOperation::Snapshot,
        Operation::SnapshotRevert => JobOperation::SnapshotRevert,
        Operation::SnapshotDelete => JobOperation::SnapshotDelete,
        Operation::Dump => JobOperation::Dump,
        Operation::Backup => JobOperation::Backup,
    }
}
