//! Provisioning of volumes: its API, jobs, images and job database.

use super::clock::Moment;
use super::current::with_current;
use super::run::{Held, Run};
use super::verdict::Ended;
use super::{Recorder, current};
use crate::catalog::provisioner::{
    DependencyLabelsRef, ImageErrorLabels, ImageOperation, ImageType, ImageTypeLabels,
    JobEndLabels, JobFailureLabels, JobReason, JobStatus, JobStatusLabels,
    ProvisionerRequestLabelsRef, ProvisionerRouteLabelsRef, ProvisioningStage, StageLabels,
    StoreErrorLabels, StoreLabels, StoreOperation,
};
use crate::catalog::{CallResult, JobEnd, Method, Status};
use crate::context::FinishedSpan;
use crate::metric::Seconds;
use crate::sync::{AtomicU64, Ordering};

/// A provisioning job that is running. Dropped without [`complete`](ProvisioningJob::complete) or
/// [`fail`](ProvisioningJob::fail), it was cancelled.
///
/// ```
/// use novacron_telemetry::catalog::provisioner::{JobReason, ProvisioningStage};
/// use novacron_telemetry::record::ProvisioningJob;
///
/// let job = ProvisioningJob::begin();
/// job.stage(ProvisioningStage::Downloading, 2 << 30, 12.0);
/// job.fail(JobReason::NoSpace);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the job was cancelled"]
pub struct ProvisioningJob(Held<Job>);

impl ProvisioningJob {
    /// A job starts.
    pub fn begin() -> Self {
        Self::begin_with(current::current())
    }

    /// A job starts that is recorded by `recorder`.
    pub fn begin_with(recorder: Recorder) -> Self {
        Self(Held::new(recorder, Job))
    }

    /// A stage moved so many bytes in this time; 0 bytes leave its throughput as it was.
    pub fn stage(&self, stage: ProvisioningStage, bytes: u64, duration: impl Into<Seconds>) {
        let seconds = duration.into().get();
        self.0.step(name_of(stage), seconds);
        self.0.recorder.provisioning_stage(stage, bytes, seconds);
    }

    /// It did what it was to do.
    pub fn complete(self) {
        self.0.finish(Ended::Success);
    }

    /// It failed for this reason.
    pub fn fail(self, reason: JobReason) {
        self.0.finish(Ended::Failed(reason));
    }
}

/// What the span of a stage is called.
fn name_of(stage: ProvisioningStage) -> &'static str {
    match stage {
        ProvisioningStage::Initializing => "CreateVolume",
        ProvisioningStage::Downloading => "DownloadImage",
        ProvisioningStage::Converting => "ConvertImage",
        ProvisioningStage::Populating => "PopulateVolume",
        ProvisioningStage::Finalizing => "FinalizeVolume",
    }
}

/// A provisioning job.
#[derive(Debug)]
pub struct Job;

impl Run for Job {
    type Verdict = Ended<JobReason>;
    type Measured = ();

    fn describe(&self, span: &mut FinishedSpan) {
        span.name = "runJob".into();
    }

    fn begin(&self, recorder: &Recorder) {
        recorder.job_is(JobStatus::Started);
        recorder.catalog().provisioner.active_jobs.inc();
    }

    fn end(self, recorder: &Recorder, begun: Moment, ended: Ended<JobReason>, (): ()) {
        let provisioner = &recorder.catalog().provisioner;
        let (status, end, reason) = match ended {
            Ended::Success => (JobStatus::Completed, JobEnd::Completed, None),
            Ended::Cancelled => (JobStatus::Cancelled, JobEnd::Cancelled, None),
            Ended::Failed(reason) => (JobStatus::Failed, JobEnd::Failed, Some(reason)),
            Ended::TimedOut => (JobStatus::Failed, JobEnd::Failed, Some(JobReason::Timeout)),
            Ended::Panicked => (JobStatus::Failed, JobEnd::Failed, Some(JobReason::Other)),
        };
        if let Some(reason) = reason {
            let failures = &provisioner.job_failures_total;
            failures.inc(&JobFailureLabels { reason });
        }
        recorder.job_is(status);
        provisioner
            .job_duration_seconds
            .observe(&JobEndLabels { status: end }, Moment::now().since(begun));
        // Last: whoever reads that a job ended has also read what it wrote.
        provisioner.active_jobs.dec();
    }
}

impl Recorder {
    fn job_is(&self, status: JobStatus) {
        let jobs = &self.catalog().provisioner.jobs_total;
        jobs.inc(&JobStatusLabels { status });
    }

    /// A stage of a provisioning job moved so many bytes in this time; 0 bytes leave its throughput
    /// as it was.
    pub fn provisioning_stage(
        &self,
        stage: ProvisioningStage,
        bytes: u64,
        duration: impl Into<Seconds>,
    ) {
        let provisioner = &self.catalog().provisioner;
        let (stage, seconds) = (StageLabels { stage }, duration.into().get());
        provisioner.stage_duration_seconds.observe(&stage, seconds);
        if bytes > 0 && seconds > 0.0 {
            let throughput = bytes as f64 / seconds;
            provisioner
                .stage_throughput_bytes_per_second
                .set(&stage, throughput);
        }
    }
}

/// A request to the provisioner's API ended.
///
/// ```
/// novacron_telemetry::record::record_provisioner_request("/jobs/{id}", "GET", 200, 0.01);
/// ```
pub fn record_provisioner_request(
    endpoint: &str,
    method: &str,
    status: u16,
    duration: impl Into<Seconds>,
) {
    let (method, status) = (Method::from(method), Status::new(status));
    let duration = duration.into();
    with_current(|recorder| {
        let provisioner = &recorder.catalog().provisioner;
        provisioner
            .requests_total
            .inc(&ProvisionerRequestLabelsRef {
                endpoint,
                method,
                status,
            });
        provisioner
            .requests_duration_seconds
            .observe(&ProvisionerRouteLabelsRef { endpoint, method }, duration);
    });
}

/// How many jobs wait for a slot, and how many slots there are.
///
/// ```
/// novacron_telemetry::record::update_provisioner_queue(3, 2);
/// ```
pub fn update_provisioner_queue(queued: u64, slots: u64) {
    with_current(|recorder| {
        let provisioner = &recorder.catalog().provisioner;
        provisioner.jobs_queued.set(queued as f64);
        provisioner.job_slots.set(slots as f64);
    });
}

/// An image was looked up in the cache, and found or not.
///
/// ```
/// novacron_telemetry::record::record_image_cache(true);
/// ```
pub fn record_image_cache(hit: bool) {
    with_current(|recorder| {
        let provisioner = &recorder.catalog().provisioner;
        match hit {
            true => provisioner.cache_hits_total.inc(),
            false => provisioner.cache_misses_total.inc(),
        }
        provisioner
            .cache_hit_ratio
            .set(recorder.image_lookups().ratio(hit));
    });
}

/// Look-ups in the image cache. Counters are spread over threads and dear to read; the ratio needs
/// both totals at each look-up, and those are few.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    hits: AtomicU64,
    all: AtomicU64,
}

impl Lookups {
    /// The share of hits, this look-up included.
    fn ratio(&self, hit: bool) -> f64 {
        let hits = self.hits.fetch_add(u64::from(hit), Ordering::Relaxed) + u64::from(hit);
        let all = self.all.fetch_add(1, Ordering::Relaxed) + 1;
        // Another thread may stand between the two; a share is never more than all.
        (hits as f64 / all as f64).min(1.0)
    }
}

/// An image was fetched: `qcow2`, `raw`, `vmdk`, `ova`, and its size.
///
/// ```
/// novacron_telemetry::record::record_image_download("qcow2", 600 << 20);
/// ```
pub fn record_image_download(image_type: &str, bytes: u64) {
    let image_type = ImageType::from(image_type);
    with_current(|recorder| {
        let provisioner = &recorder.catalog().provisioner;
        provisioner.images_downloaded_total.inc();
        provisioner
            .image_download_size_bytes
            .observe(&ImageTypeLabels { image_type }, bytes as f64);
    });
}

/// A `download`, `checksum`, `convert`, `cache` or `delete` of an image failed, and why.
///
/// ```
/// novacron_telemetry::record::record_image_error("convert", "no_space");
/// ```
pub fn record_image_error(operation: &str, error_type: &str) {
    let error_type = JobReason::from(error_type);
    with_current(|recorder| {
        if let Some(operation) = recorder.known(ImageOperation::parse(operation)) {
            let errors = &recorder.catalog().provisioner.image_errors_total;
            errors.inc(&ImageErrorLabels {
                operation,
                error_type,
            });
        }
    });
}

/// The job database was asked to `create`, `update`, `get`, `list` or `delete`; if that failed,
/// `error_type` says why, else it is `""`.
///
/// ```
/// novacron_telemetry::record::record_job_store("update", "");
/// novacron_telemetry::record::record_job_store("update", "timeout");
/// ```
pub fn record_job_store(operation: &str, error_type: &str) {
    with_current(|recorder| {
        let Some(operation) = recorder.known(StoreOperation::parse(operation)) else {
            return;
        };
        let provisioner = &recorder.catalog().provisioner;
        let result = match error_type {
            "" => CallResult::Success,
            error_type => {
                provisioner.storage_errors_total.inc(&StoreErrorLabels {
                    operation,
                    error_type: JobReason::from(error_type),
                });
                CallResult::Failure
            }
        };
        provisioner
            .storage_operations_total
            .inc(&StoreLabels { operation, result });
    });
}

/// Whether the provisioner has a slot left and everything it depends on.
///
/// ```
/// novacron_telemetry::record::update_provisioner_health(true);
/// ```
pub fn update_provisioner_health(healthy: bool) {
    with_current(|recorder| {
        recorder
            .catalog()
            .provisioner
            .health_status
            .set(f64::from(healthy));
    });
}

/// Whether something that the provisioner depends on answers.
///
/// ```
/// novacron_telemetry::record::update_provisioner_dependency("minio", true);
/// ```
pub fn update_provisioner_dependency(dependency: &str, up: bool) {
    with_current(|recorder| {
        let gauge = &recorder.catalog().provisioner.dependencies_up;
        gauge.set(&DependencyLabelsRef { dependency }, f64::from(up));
    });
}
