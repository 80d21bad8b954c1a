//! Provisioning of volumes: jobs, stages, images.

use super::labels::{CallResult, Dependency, Endpoint, JobEnd, Method, Status};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, UpDownGauge, buckets};
use crate::registry::MetricGroup;

/// Provisioning of volumes.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_provisioner", writer = Verb("ProvisioningJob"))]
pub struct ProvisionerMetrics {
    /// HTTP requests to the provisioner API.
    #[metric(unit = "requests", writer = Verb("record_provisioner_request"))]
    pub requests_total: Family<ProvisionerRequestLabels, Counter>,

    /// Latency of provisioner API requests.
    #[metric(literal = "novacron_provisioner_requests_duration_seconds", reason = "a plural where the others have none; the prefixed form of a name that is promised literally", unit = Seconds, buckets = buckets::HTTP, writer = Verb("record_provisioner_request"))]
    pub requests_duration_seconds: Family<ProvisionerRouteLabels, Histogram>,

    /// Provisioning jobs, by status.
    #[metric(unit = "jobs")]
    pub jobs_total: Family<JobStatusLabels, Counter>,

    /// Provisioning jobs running.
    #[metric(unit = "jobs")]
    pub active_jobs: UpDownGauge,

    /// Run time of finished jobs.
    #[metric(unit = Seconds, buckets = buckets::JOB)]
    pub job_duration_seconds: Family<JobEndLabels, Histogram>,

    /// Failed jobs by reason.
    #[metric(unit = "jobs")]
    pub job_failures_total: Family<JobFailureLabels, Counter>,

    /// Jobs waiting for a slot.
    #[metric(unit = "jobs", writer = Verb("update_provisioner_queue"))]
    pub jobs_queued: Gauge,

    /// Jobs that may run at once (2 in S3's service defaults).
    #[metric(unit = "jobs", writer = Verb("update_provisioner_queue"))]
    pub job_slots: Gauge,

    /// Image cache hits.
    #[metric(unit = "lookups", writer = Verb("record_image_cache"))]
    pub cache_hits_total: Counter,

    /// Image cache misses.
    #[metric(unit = "lookups", writer = Verb("record_image_cache"))]
    pub cache_misses_total: Counter,

    /// Hits divided by look-ups since start.
    #[metric(unit = Ratio, writer = Verb("record_image_cache"))]
    pub cache_hit_ratio: Gauge,

    /// Images fetched.
    #[metric(unit = "images", writer = Verb("record_image_download"))]
    pub images_downloaded_total: Counter,

    /// Size of fetched images.
    #[metric(unit = Bytes, buckets = buckets::IMAGE, writer = Verb("record_image_download"))]
    pub image_download_size_bytes: Family<ImageTypeLabels, Histogram>,

    /// Image handling errors.
    #[metric(unit = "errors", writer = Verb("record_image_error"))]
    pub image_errors_total: Family<ImageErrorLabels, Counter>,

    /// Job database operations.
    #[metric(unit = "operations", writer = Verb("record_job_store"))]
    pub storage_operations_total: Family<StoreLabels, Counter>,

    /// Job database errors.
    #[metric(unit = "errors", writer = Verb("record_job_store"))]
    pub storage_errors_total: Family<StoreErrorLabels, Counter>,

    /// Time per job stage.
    #[metric(unit = Seconds, buckets = buckets::STAGE)]
    pub stage_duration_seconds: Family<StageLabels, Histogram>,

    /// Recent throughput of a stage.
    #[metric(unit = BytesPerSecond)]
    pub stage_throughput_bytes_per_second: Family<StageLabels, Gauge>,

    /// 1 healthy, 0 when every slot is taken or a dependency is down.
    #[metric(writer = Verb("update_provisioner_health"))]
    pub health_status: Gauge,

    /// 1 while a provisioner dependency answers.
    #[metric(writer = Verb("update_provisioner_dependency"))]
    pub dependencies_up: Family<DependencyLabels, Gauge>,
}

/// How a request to the provisioner ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ProvisionerRequestLabels {
    pub endpoint: Endpoint,
    pub method: Method,
    pub status: Status,
}

/// Which route of the provisioner, and by which method.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ProvisionerRouteLabels {
    pub endpoint: Endpoint,
    pub method: Method,
}

/// What happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct JobStatusLabels {
    pub status: JobStatus,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct JobEndLabels {
    pub status: JobEnd,
}

/// Why a job failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct JobFailureLabels {
    pub reason: JobReason,
}

/// Which image format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ImageTypeLabels {
    pub image_type: ImageType,
}

/// What failed with an image, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ImageErrorLabels {
    pub operation: ImageOperation,
    pub error_type: JobReason,
}

/// What was done in the job database, and whether it worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StoreLabels {
    pub operation: StoreOperation,
    pub result: CallResult,
}

/// What failed in the job database, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StoreErrorLabels {
    pub operation: StoreOperation,
    pub error_type: JobReason,
}

/// Which stage of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StageLabels {
    pub stage: ProvisioningStage,
}

/// Which dependency of the provisioner.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DependencyLabels {
    pub dependency: Dependency,
}

/// What happened to a provisioning job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum JobStatus {
    Started,
    Completed,
    Failed,
    Cancelled,
}

/// Why a job or one of its steps failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum JobReason {
    Download,
    Checksum,
    Convert,
    NoSpace,
    Lvm,
    Libvirt,
    Auth,
    Timeout,
    Cancelled,
    #[label(other)]
    Other,
}

/// Format of a disk image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum ImageType {
    Qcow2,
    Raw,
    Vmdk,
    Ova,
    #[label(other)]
    Other,
}

/// What is done with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum ImageOperation {
    Download,
    Checksum,
    Convert,
    Cache,
    Delete,
}

/// What is done in the job database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum StoreOperation {
    Create,
    Update,
    Get,
    List,
    Delete,
}

/// Stage of a provisioning job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum ProvisioningStage {
    Initializing,
    Downloading,
    Converting,
    Populating,
    Finalizing,
}
