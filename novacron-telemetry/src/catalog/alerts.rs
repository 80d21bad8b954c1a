//! Alert notifications, as a webhook receives them.

use super::labels::{CheckedComponent, Severity};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, buckets};
use crate::registry::MetricGroup;

/// Alert notifications, as a webhook receives them.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Verb("record_alert"))]
pub struct AlertMetrics {
    /// Alert notifications received by the example webhook.
    #[metric(unit = "alerts")]
    pub alerts_received_total: Family<ReceivedAlertLabels, Counter>,

    /// Time from firing to resolved per alert.
    #[metric(unit = Seconds, buckets = buckets::JOB, writer = Verb("record_alert_resolution"))]
    pub alert_resolution_seconds: Family<SeverityLabels, Histogram>,

    /// Alerts firing as seen by the example webhook.
    #[metric(unit = "alerts", writer = Verb("update_active_alerts"))]
    pub alerts_active: Family<ActiveAlertLabels, Gauge>,
}

/// What a notification said.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ReceivedAlertLabels {
    pub severity: Severity,
    pub component: CheckedComponent,
    pub status: AlertStatus,
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SeverityLabels {
    pub severity: Severity,
}

/// Which alerts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ActiveAlertLabels {
    pub severity: Severity,
    pub component: CheckedComponent,
}

/// What an alert notification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum AlertStatus {
    Firing,
    Resolved,
}
