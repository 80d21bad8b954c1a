//! DWCP beside its migrations: links, network modes, components, compression, consensus.

use super::Recorder;
use super::current::with_current;
use crate::catalog::dwcp::{
    Algorithm, AlgorithmLabels, AnomalyLabels, AnomalyMetric, ClusterLabelsRef,
    ComponentErrorLabels, ComponentLabels, ComponentOperationLabels, DwcpComponent, DwcpMode,
    DwcpOperation, LinkLabelsRef, ModeLabels, ModeSwitchLabels,
};
use crate::catalog::{MigrationError, Severity};
use crate::metric::Seconds;

/// The share of a link's capacity in use, 0 to 100.
///
/// ```
/// novacron_telemetry::record::update_dwcp_bandwidth("link-1", 73.5);
/// ```
pub fn update_dwcp_bandwidth(link: &str, percent: f64) {
    with_current(|recorder| {
        let gauge = &recorder.catalog().dwcp.bandwidth_utilization_percent;
        gauge.set(&LinkLabelsRef { link }, percent);
    });
}

/// The share of packets that a link loses, 0 to 1.
///
/// ```
/// novacron_telemetry::record::update_dwcp_packet_loss("link-1", 0.002);
/// ```
pub fn update_dwcp_packet_loss(link: &str, ratio: f64) {
    with_current(|recorder| {
        let gauge = &recorder.catalog().dwcp.packet_loss_ratio;
        gauge.set(&LinkLabelsRef { link }, ratio);
    });
}

/// Data was compressed by `lz4`, `zstd` and so on, from so many bytes to so many.
///
/// ```
/// novacron_telemetry::record::record_dwcp_compression("zstd", 4096, 1024);
/// ```
pub fn record_dwcp_compression(algorithm: &str, original_bytes: u64, compressed_bytes: u64) {
    let algorithm = Algorithm::from(algorithm);
    with_current(|recorder| {
        recorder.dwcp_compression(algorithm, original_bytes, compressed_bytes);
    });
}

/// The network mode that is active now: `datacenter`, `internet` or `hybrid`. A change is counted.
///
/// ```
/// novacron_telemetry::record::update_dwcp_mode("internet");
/// ```
pub fn update_dwcp_mode(mode: &str) {
    with_mode(mode, Recorder::dwcp_mode);
}

/// An operation took this long in this network mode.
///
/// ```
/// novacron_telemetry::record::record_dwcp_mode_latency("hybrid", 0.04);
/// ```
pub fn record_dwcp_mode_latency(mode: &str, latency: impl Into<Seconds>) {
    let latency = latency.into();
    with_mode(mode, |recorder, mode| {
        let histogram = &recorder.catalog().dwcp.mode_latency_seconds;
        histogram.observe(&ModeLabels { mode }, latency);
    });
}

/// A sender backed off because of congestion.
///
/// ```
/// novacron_telemetry::record::record_dwcp_congestion("internet");
/// ```
pub fn record_dwcp_congestion(mode: &str) {
    with_mode(mode, |recorder, mode| {
        let counter = &recorder.catalog().dwcp.congestion_events_total;
        counter.inc(&ModeLabels { mode });
    });
}

/// How well the bandwidth predictor does in this network mode, 0 to 1.
///
/// ```
/// novacron_telemetry::record::update_dwcp_prediction_accuracy("internet", 0.91);
/// ```
pub fn update_dwcp_prediction_accuracy(mode: &str, ratio: f64) {
    with_mode(mode, |recorder, mode| {
        let gauge = &recorder.catalog().dwcp.prediction_accuracy_ratio;
        gauge.set(&ModeLabels { mode }, ratio);
    });
}

fn with_mode(mode: &str, f: impl FnOnce(&Recorder, DwcpMode)) {
    with_current(|recorder| {
        if let Some(mode) = recorder.known(DwcpMode::parse(mode)) {
            f(recorder, mode);
        }
    });
}

/// A component (`amst`, `hde`, `pba`, `ass`, `acp`, `itp`) did something and took this long; if it
/// failed, `error_type` says how, else it is `""`.
///
/// ```
/// novacron_telemetry::record::record_dwcp_operation("hde", "compression", "", 0.001);
/// novacron_telemetry::record::record_dwcp_operation("acp", "pbft_consensus", "consensus_timeout", 2.0);
/// ```
pub fn record_dwcp_operation(
    component: &str,
    operation: &str,
    error_type: &str,
    latency: impl Into<Seconds>,
) {
    let latency = latency.into();
    let operation = DwcpOperation::from(operation);
    let error_type = (!error_type.is_empty()).then(|| MigrationError::from(error_type));
    with_component(component, |recorder, component| {
        recorder.dwcp_operation(component, operation, error_type, latency);
    });
}

/// How a component is: `down`, `degraded` or `healthy`.
///
/// ```
/// novacron_telemetry::record::update_dwcp_component_health("acp", "degraded");
/// ```
pub fn update_dwcp_component_health(component: &str, health: &str) {
    let health = match health {
        "down" => Some(0.0),
        "degraded" => Some(1.0),
        "healthy" => Some(2.0),
        _ => None,
    };
    with_component(component, |recorder, component| {
        if let Some(health) = recorder.known(health) {
            let gauge = &recorder.catalog().dwcp.component_health;
            gauge.set(&ComponentLabels { component }, health);
        }
    });
}

fn with_component(component: &str, f: impl FnOnce(&Recorder, DwcpComponent)) {
    with_current(|recorder| {
        if let Some(component) = recorder.known(DwcpComponent::parse(component)) {
            f(recorder, component);
        }
    });
}

/// The share of blocks that were sent as deltas, 0 to 1.
///
/// ```
/// novacron_telemetry::record::update_dwcp_delta_hits(0.62);
/// ```
pub fn update_dwcp_delta_hits(ratio: f64) {
    with_current(|recorder| recorder.catalog().dwcp.delta_hit_ratio.set(ratio));
}

/// State was synchronised with another cluster: the bytes that compression and deltas saved, and
/// the time it took.
///
/// ```
/// novacron_telemetry::record::record_dwcp_sync("eu-west", 1 << 20, 3.5);
/// ```
pub fn record_dwcp_sync(remote_cluster: &str, saved_bytes: u64, duration: impl Into<Seconds>) {
    let duration = duration.into();
    with_current(|recorder| {
        let dwcp = &recorder.catalog().dwcp;
        let cluster = ClusterLabelsRef { remote_cluster };
        dwcp.federation_sync_duration_seconds
            .observe(&cluster, duration);
        dwcp.bandwidth_saved_bytes_total
            .inc_by(&cluster, saved_bytes);
    });
}

/// A consensus round is over: `reached`, or `timeout`; or a peer was seen to be `byzantine`, which
/// ends no round.
///
/// ```
/// novacron_telemetry::record::record_dwcp_consensus("reached");
/// ```
pub fn record_dwcp_consensus(what: &str) {
    with_current(|recorder| {
        let dwcp = &recorder.catalog().dwcp;
        match what {
            "reached" => dwcp.consensus_rounds_total.inc(),
            "timeout" => {
                dwcp.consensus_rounds_total.inc();
                dwcp.consensus_timeouts_total.inc();
            }
            "byzantine" => dwcp.byzantine_events_total.inc(),
            _ => {
                recorder.known::<()>(None);
            }
        }
    });
}

/// A detector reported an anomaly in `bandwidth`, `latency`, `compression`, `consensus` or
/// `error_rate`.
///
/// ```
/// novacron_telemetry::record::record_dwcp_anomaly("latency", "warning");
/// ```
pub fn record_dwcp_anomaly(metric: &str, severity: &str) {
    let severity = Severity::from(severity);
    with_current(|recorder| {
        if let Some(metric) = recorder.known(AnomalyMetric::parse(metric)) {
            recorder.dwcp_anomaly(metric, severity);
        }
    });
}

impl Recorder {
    /// Data was compressed from so many bytes to so many.
    pub fn dwcp_compression(&self, algorithm: Algorithm, original: u64, compressed: u64) {
        let dwcp = &self.catalog().dwcp;
        dwcp.uncompressed_bytes_total.inc_by(original);
        dwcp.compressed_bytes_total.inc_by(compressed);
        // Nothing made of nothing has no ratio.
        if compressed > 0 {
            let ratio = original as f64 / compressed as f64;
            dwcp.compression_ratio
                .set(&AlgorithmLabels { algorithm }, ratio);
        }
    }

    /// The network mode that is active now. A change is counted.
    pub fn dwcp_mode(&self, mode: DwcpMode) {
        let dwcp = &self.catalog().dwcp;
        for other in DwcpMode::ALL {
            let gauge = dwcp.mode.with(&ModeLabels { mode: *other });
            if *other != mode && gauge.get() == Some(1.0) {
                dwcp.mode_switches_total.inc(&ModeSwitchLabels {
                    from_mode: *other,
                    to_mode: mode,
                });
            }
            gauge.set(f64::from(*other == mode));
        }
    }

    /// A component did something, took this long, and perhaps failed.
    pub fn dwcp_operation(
        &self,
        component: DwcpComponent,
        operation: DwcpOperation,
        error_type: Option<MigrationError>,
        latency: impl Into<Seconds>,
    ) {
        let dwcp = &self.catalog().dwcp;
        dwcp.component_operations_total
            .inc(&ComponentOperationLabels {
                component,
                operation,
            });
        dwcp.component_latency_seconds
            .observe(&ComponentLabels { component }, latency);
        if let Some(error_type) = error_type {
            dwcp.component_errors_total.inc(&ComponentErrorLabels {
                component,
                error_type,
            });
        }
    }

    /// A detector reported an anomaly.
    pub fn dwcp_anomaly(&self, metric: AnomalyMetric, severity: Severity) {
        self.catalog()
            .dwcp
            .anomalies_total
            .inc(&AnomalyLabels { metric, severity });
    }
}
