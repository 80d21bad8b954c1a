//! The library about itself: scrapes, collectors, losses, traces, logs.

use std::sync::Arc;

use super::labels::{AuthReason, CallResult, GitSha, RustVersion, Version};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{
    Absolute, Collected, Counter, Family, Gauge, Histogram, Timestamp, UpDownGauge, buckets,
};
use crate::registry::MetricGroup;

/// What the library says about itself.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Library)]
pub struct ExporterMetrics {
    /// Constant 1 with the exposer's build identity.
    pub exporter_build_info: Family<ExporterBuildLabels, Gauge>,

    /// Answers given on the metrics route.
    #[metric(unit = "scrapes", writer = Layer("MetricsService"))]
    pub exporter_scrapes_total: Family<ScrapeLabels, Counter>,

    /// Time to build one exposition.
    #[metric(unit = Seconds, buckets = buckets::SCRAPE, writer = Layer("MetricsService"))]
    pub exporter_scrape_duration_seconds: Histogram,

    /// Uncompressed size of one exposition.
    #[metric(unit = Bytes, buckets = buckets::BYTES, writer = Layer("MetricsService"))]
    pub exporter_response_bytes: Histogram,

    /// Series in the last exposition.
    #[metric(unit = "series", writer = Layer("MetricsService"))]
    pub exporter_series: Gauge,

    /// Scrapes refused by the token check.
    #[metric(unit = "requests", writer = Layer("MetricsService"))]
    pub exporter_auth_failures_total: Family<ScrapeAuthLabels, Counter>,

    /// Unix time the scrape token was last rotated.
    #[metric(unit = Seconds, writer = Layer("MetricsService"))]
    pub exporter_token_last_rotation_timestamp_seconds: Timestamp,

    /// 1 when a collector's last run worked.
    pub collector_success: Family<CollectorLabels, Gauge>,

    /// Run time of a collector.
    #[metric(unit = Seconds, buckets = buckets::SCRAPE)]
    pub collector_duration_seconds: Family<CollectorLabels, Histogram>,

    /// Collector runs cut off.
    #[metric(unit = "timeouts")]
    pub collector_timeouts_total: Family<CollectorLabels, Counter>,

    /// Unix time of a collector's last good run.
    #[metric(unit = Seconds)]
    pub collector_last_success_timestamp_seconds: Family<CollectorLabels, Timestamp>,

    /// 1 when a collector is switched on.
    pub collector_enabled: Family<CollectorLabels, Gauge>,

    /// 1 for the state a collector is in; only that series exists.
    pub collector_state: Collected<CollectorStateLabels, Gauge>,

    /// Runs of a collector, by how they ended; skipped are those that a slow one left no time for.
    #[metric(unit = "runs")]
    pub collector_runs_total: Family<CollectorRunLabels, Counter>,

    /// How long a collector's run has been past its deadline; present only while it is.
    #[metric(unit = Seconds)]
    pub collector_stuck_seconds: Collected<CollectorLabels, Gauge>,

    /// Targets that a collector's last run had to leave out: a mount point that hangs, say.
    #[metric(unit = "targets")]
    pub collector_targets_skipped: Family<CollectorLabels, Gauge>,

    /// Telemetry items lost inside the process.
    #[metric(unit = "items")]
    pub telemetry_dropped_total: Family<DropLabels, Counter>,

    /// Observations folded into the overflow series of a family.
    #[metric(unit = "observations")]
    pub telemetry_series_overflow_total: Collected<MetricLabels, Absolute>,

    /// Sampled cost of recording one item.
    #[metric(unit = Seconds, buckets = buckets::SELF)]
    pub telemetry_record_duration_seconds: Family<SignalLabels, Histogram>,

    /// Estimated heap held by the registry and queues.
    #[metric(unit = Bytes)]
    pub telemetry_memory_bytes: Gauge,

    /// Internal telemetry errors (never surfaced to the host).
    #[metric(unit = "errors")]
    pub telemetry_errors_total: Family<SignalLabels, Counter>,

    /// Spans started, by sampling decision.
    #[metric(unit = "spans")]
    pub traces_spans_total: Family<SpanLabels, Counter>,

    /// Spans handed to the collector.
    #[metric(unit = "spans")]
    pub traces_exported_total: Family<ResultLabels, Counter>,

    /// Time of one OTLP export call.
    #[metric(unit = Seconds, buckets = buckets::SCRAPE)]
    pub traces_export_duration_seconds: Histogram,

    /// Spans waiting for export.
    #[metric(unit = "spans")]
    pub traces_queue_length: Gauge,

    /// Log events written.
    #[metric(unit = "events")]
    pub log_events_total: Family<LevelLabels, Counter>,

    /// Log events left out by sampling or rate limit.
    #[metric(unit = "events")]
    pub log_suppressed_total: Family<LevelLabels, Counter>,

    /// Configuration reloads.
    #[metric(unit = "reloads")]
    pub config_reloads_total: Family<ResultLabels, Counter>,

    /// Unix time of the last good reload.
    #[metric(unit = Seconds)]
    pub config_last_reload_success_timestamp_seconds: Timestamp,

    /// Observations refused because their value or label made no sense.
    #[metric(unit = "observations")]
    pub telemetry_rejected_observations_total: Collected<RejectionLabels, Absolute>,

    /// Errors inside this library, by the part they stayed in.
    #[metric(unit = "errors")]
    pub telemetry_internal_errors_total: Family<SiteLabels, Counter>,

    /// Families that this process registered.
    #[metric(unit = "families")]
    pub telemetry_families_registered: Gauge,

    /// Registered families that have recorded at least once.
    #[metric(unit = "families")]
    pub telemetry_families_recorded: Gauge,

    /// Connections open to the metrics listener.
    #[metric(unit = "connections", writer = Layer("Listener"))]
    pub exporter_connections_active: UpDownGauge,

    /// Connections that the metrics listener turned away.
    #[metric(unit = "connections", writer = Layer("Listener"))]
    pub exporter_connections_refused_total: Family<RefusalLabels, Counter>,

    /// Unix time at which the certificate of the metrics listener expires.
    #[metric(unit = Seconds, writer = Layer("Listener"))]
    pub exporter_certificate_expiry_timestamp_seconds: Gauge,
}

/// What the exposer was built from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ExporterBuildLabels {
    pub version: Version,
    pub git_sha: GitSha,
    pub rust_version: RustVersion,
}

/// How a scrape was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ScrapeLabels {
    pub code: ScrapeCode,
}

/// Why a scrape was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ScrapeAuthLabels {
    pub reason: AuthReason,
}

/// Which collector.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CollectorLabels {
    pub collector: CollectorName,
}

/// In which state a collector is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CollectorStateLabels {
    pub collector: CollectorName,
    pub state: CollectorState,
}

/// How a run of a collector ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CollectorRunLabels {
    pub collector: CollectorName,
    pub result: CollectorRun,
}

/// What was lost, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DropLabels {
    pub signal: Signal,
    pub reason: DropReason,
}

/// Which family.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MetricLabels {
    pub metric: MetricName,
}

/// Which kind of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SignalLabels {
    pub signal: Signal,
}

/// Whether a span was kept, and which rule said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SpanLabels {
    pub decision: SamplingDecision,
    pub sampling_class: SamplingClass,
}

/// Whether it worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ResultLabels {
    pub result: CallResult,
}

/// Which level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct LevelLabels {
    pub level: LogLevel,
}

/// Which family refused an observation, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RejectionLabels {
    pub metric: MetricName,
    pub reason: RejectReason,
}

/// Where in the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SiteLabels {
    pub site: Site,
}

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RefusalLabels {
    pub reason: Refusal,
}

/// Response code of the metrics route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum ScrapeCode {
    #[label(rename = "200")]
    Ok,
    #[label(rename = "401")]
    Unauthorized,
    #[label(rename = "404")]
    NotFound,
    #[label(rename = "405")]
    MethodNotAllowed,
    #[label(rename = "500")]
    Internal,
    #[label(rename = "503")]
    Unavailable,
}

/// Name of a collector, as it gives itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
pub struct CollectorName(Arc<str>);

/// State of a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum CollectorState {
    /// Its first run is not over.
    Starting,
    Ok,
    /// It works, but had to leave targets out.
    Partial,
    Failed,
    /// Its last run came back after its deadline, or said that it would have.
    TimedOut,
    /// A run is past its deadline and not back.
    Stuck,
    /// There is nothing to read here.
    Absent,
    /// It is there, but not for this process.
    Denied,
    /// Switched off: by configuration, or because it panicked too often.
    Disabled,
}

/// How a run of a collector ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum CollectorRun {
    Ok,
    Partial,
    Failed,
    TimedOut,
    Panicked,
    Absent,
    Denied,
    Skipped,
}

/// Kind of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Signal {
    Metrics,
    Traces,
    Logs,
}

/// Why telemetry was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum DropReason {
    QueueFull,
    Shutdown,
    ExportError,
    TooLarge,
    RateLimited,
    Cardinality,
}

/// Name of a family of this process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 1000)]
pub struct MetricName(Arc<str>);

/// Whether a span is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum SamplingDecision {
    Sampled,
    Dropped,
}

/// What decides how often a trace is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum SamplingClass {
    Default,
    VmOperation,
    Migration,
    Database,
    HealthCheck,
    Error,
    Parent,
}

/// Level of a log event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Why an observation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum RejectReason {
    Nan,
    Infinite,
    Negative,
    UnknownValue,
}

/// Part of the library in which an error stayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Site {
    /// A verb was given a word that the catalog does not know.
    Record,
    /// The host's own reading of an outcome or a name panicked.
    Classifier,
    Registry,
    Encode,
    Expose,
    Layer,
    Collector,
    Health,
    Traces,
    Logs,
    Config,
}

/// Why a connection was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Refusal {
    Limit,
    Timeout,
    Tls,
}
