//! DWCP's own parts: streams, links, network modes, components, compression, consensus.

use std::sync::Arc;

use super::labels::{CallResult, MigrationError, Severity};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, UpDownGauge, buckets};
use crate::registry::MetricGroup;

/// DWCP beside its migrations: its streams, links, modes and components.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_dwcp", writer = Verb("record_dwcp_operation"))]
pub struct DwcpMetrics {
    /// Share of a link's capacity in use, 0 to 100.
    #[metric(literal = "novacron_dwcp_bandwidth_utilization_percent", reason = "already exported so; an alert compares it with a percentage", unit = Percent, writer = Verb("update_dwcp_bandwidth"))]
    pub bandwidth_utilization_percent: Family<LinkLabels, Gauge>,

    /// Original bytes divided by compressed bytes, latest value.
    #[metric(unit = Ratio, writer = Verb("record_dwcp_compression"))]
    pub compression_ratio: Family<AlgorithmLabels, Gauge>,

    /// Changes of network mode.
    #[metric(unit = "switches", writer = Verb("update_dwcp_mode"))]
    pub mode_switches_total: Family<ModeSwitchLabels, Counter>,

    /// 1 for the active network mode, 0 for the others.
    #[metric(writer = Verb("update_dwcp_mode"))]
    pub mode: Family<ModeLabels, Gauge>,

    /// Operation latency by network mode.
    #[metric(literal = "novacron_dwcp_mode_latency_seconds", reason = "latency, not duration; already exported so", unit = Seconds, buckets = buckets::STREAM, writer = Verb("record_dwcp_mode_latency"))]
    pub mode_latency_seconds: Family<ModeLabels, Histogram>,

    /// Open AMST streams.
    #[metric(unit = "streams", writer = Verb("DwcpStream"))]
    pub streams_active: Family<TransportLabels, UpDownGauge>,

    /// AMST streams opened, by result.
    #[metric(unit = "streams", writer = Verb("DwcpStream"))]
    pub streams_total: Family<StreamLabels, Counter>,

    /// AMST stream errors.
    #[metric(unit = "errors", writer = Verb("DwcpStream"))]
    pub stream_errors_total: Family<StreamErrorLabels, Counter>,

    /// AMST stream reconnections.
    #[metric(unit = "reconnects", writer = Verb("DwcpStream"))]
    pub stream_reconnects_total: Family<TransportLabels, Counter>,

    /// AMST round-trip latency.
    #[metric(literal = "novacron_dwcp_stream_latency_seconds", reason = "latency, not duration; already exported so", unit = Seconds, buckets = buckets::STREAM, writer = Verb("DwcpStream"))]
    pub stream_latency_seconds: Family<TransportLabels, Histogram>,

    /// Packet loss per link, 0 to 1.
    #[metric(unit = Ratio, writer = Verb("update_dwcp_packet_loss"))]
    pub packet_loss_ratio: Family<LinkLabels, Gauge>,

    /// Congestion back-offs.
    #[metric(unit = "events", writer = Verb("record_dwcp_congestion"))]
    pub congestion_events_total: Family<ModeLabels, Counter>,

    /// Operations per DWCP component.
    #[metric(unit = "operations", writer = Verb("record_dwcp_operation"))]
    pub component_operations_total: Family<ComponentOperationLabels, Counter>,

    /// Errors per DWCP component.
    #[metric(unit = "errors", writer = Verb("record_dwcp_operation"))]
    pub component_errors_total: Family<ComponentErrorLabels, Counter>,

    /// Operation latency per DWCP component.
    #[metric(literal = "novacron_dwcp_component_latency_seconds", reason = "latency, not duration; already exported so", unit = Seconds, buckets = buckets::STREAM, writer = Verb("record_dwcp_operation"))]
    pub component_latency_seconds: Family<ComponentLabels, Histogram>,

    /// Component health: 0 down, 1 degraded, 2 healthy.
    #[metric(writer = Verb("update_dwcp_component_health"))]
    pub component_health: Family<ComponentLabels, Gauge>,

    /// Bytes handed to the encoder.
    #[metric(unit = Bytes, writer = Verb("record_dwcp_compression"))]
    pub uncompressed_bytes_total: Counter,

    /// Bytes the encoder produced.
    #[metric(unit = Bytes, writer = Verb("record_dwcp_compression"))]
    pub compressed_bytes_total: Counter,

    /// Share of blocks sent as deltas.
    #[metric(unit = Ratio, writer = Verb("update_dwcp_delta_hits"))]
    pub delta_hit_ratio: Gauge,

    /// Bandwidth predictor accuracy, 0 to 1.
    #[metric(unit = Ratio, writer = Verb("update_dwcp_prediction_accuracy"))]
    pub prediction_accuracy_ratio: Family<ModeLabels, Gauge>,

    /// Duration of a state sync with another cluster.
    #[metric(unit = Seconds, buckets = buckets::SYNC, writer = Verb("record_dwcp_sync"))]
    pub federation_sync_duration_seconds: Family<ClusterLabels, Histogram>,

    /// Bytes not sent thanks to compression and deltas.
    #[metric(unit = Bytes, writer = Verb("record_dwcp_sync"))]
    pub bandwidth_saved_bytes_total: Family<ClusterLabels, Counter>,

    /// Consensus rounds finished.
    #[metric(unit = "rounds", writer = Verb("record_dwcp_consensus"))]
    pub consensus_rounds_total: Counter,

    /// Consensus rounds that timed out.
    #[metric(unit = "timeouts", writer = Verb("record_dwcp_consensus"))]
    pub consensus_timeouts_total: Counter,

    /// Byzantine behaviour detections.
    #[metric(unit = "events", writer = Verb("record_dwcp_consensus"))]
    pub byzantine_events_total: Counter,

    /// Anomalies reported by the detector.
    #[metric(unit = "anomalies", writer = Verb("record_dwcp_anomaly"))]
    pub anomalies_total: Family<AnomalyLabels, Counter>,
}

/// Which link.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct LinkLabels {
    pub link: Link,
}

/// Which compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct AlgorithmLabels {
    pub algorithm: Algorithm,
}

/// In which network mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ModeLabels {
    pub mode: DwcpMode,
}

/// From which network mode to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ModeSwitchLabels {
    pub from_mode: DwcpMode,
    pub to_mode: DwcpMode,
}

/// Which transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct TransportLabels {
    pub transport: Transport,
}

/// Whether a stream could be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StreamLabels {
    pub transport: Transport,
    pub result: CallResult,
}

/// What went wrong on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StreamErrorLabels {
    pub transport: Transport,
    pub error_type: MigrationError,
}

/// What a component did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ComponentOperationLabels {
    pub component: DwcpComponent,
    pub operation: DwcpOperation,
}

/// What went wrong in a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ComponentErrorLabels {
    pub component: DwcpComponent,
    pub error_type: MigrationError,
}

/// Which component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ComponentLabels {
    pub component: DwcpComponent,
}

/// Which other cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ClusterLabels {
    pub remote_cluster: Cluster,
}

/// What was odd, and how bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct AnomalyLabels {
    pub metric: AnomalyMetric,
    pub severity: Severity,
}

/// Name of a network link, from configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Link(Arc<str>);

/// Compression algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum Algorithm {
    None,
    Lz4,
    Zstd,
    Delta,
    Dictionary,
    #[label(other)]
    Other,
}

/// Network mode that DWCP works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum DwcpMode {
    Datacenter,
    Internet,
    Hybrid,
}

/// What carries an AMST stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Transport {
    Tcp,
    Rdma,
}

/// Part of the DWCP protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum DwcpComponent {
    Amst,
    Hde,
    Pba,
    Ass,
    Acp,
    Itp,
}

/// Operation of a DWCP component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum DwcpOperation {
    StreamCreated,
    StreamClosed,
    CongestionEvent,
    ModeSwitch,
    Compression,
    Decompression,
    DeltaHit,
    CrdtMerge,
    Prediction,
    SyncStart,
    SyncSuccess,
    SyncFailed,
    ConflictResolved,
    FullSync,
    IncrementalSync,
    RaftConsensus,
    PbftConsensus,
    ByzantineDetected,
    Failover,
    PlacementDecision,
    OptimalPlacement,
    SuboptimalPlacement,
    #[label(other)]
    Other,
}

/// Name of another cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Cluster(Arc<str>);

/// What an anomaly shows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum AnomalyMetric {
    Bandwidth,
    Latency,
    Compression,
    Consensus,
    ErrorRate,
}
