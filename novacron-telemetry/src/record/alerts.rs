//! Alert notifications, as a webhook receives them.

use super::Recorder;
use super::current::with_current;
use crate::catalog::Severity;
use crate::catalog::alerts::{
    ActiveAlertLabelsRef, AlertStatus, ReceivedAlertLabelsRef, SeverityLabels,
};
use crate::metric::Seconds;

/// A notification came in: how bad the alert is, which component it is about, and whether it is
/// `firing` or `resolved`.
///
/// ```
/// novacron_telemetry::record::record_alert("critical", "database", "firing");
/// ```
pub fn record_alert(severity: &str, component: &str, status: &str) {
    let severity = Severity::from(severity);
    with_current(|recorder| {
        if let Some(status) = recorder.known(AlertStatus::parse(status)) {
            recorder.alert(severity, component, status);
        }
    });
}

/// An alert is resolved that had been firing for this long.
///
/// ```
/// novacron_telemetry::record::record_alert_resolution("critical", 312.0);
/// ```
pub fn record_alert_resolution(severity: &str, firing: impl Into<Seconds>) {
    let (severity, firing) = (Severity::from(severity), firing.into());
    with_current(|recorder| {
        let resolution = &recorder.catalog().alerts.alert_resolution_seconds;
        resolution.observe(&SeverityLabels { severity }, firing);
    });
}

/// How many alerts about a component are firing.
///
/// ```
/// novacron_telemetry::record::update_active_alerts("critical", "database", 1);
/// ```
pub fn update_active_alerts(severity: &str, component: &str, alerts: u64) {
    let severity = Severity::from(severity);
    with_current(|recorder| {
        let active = &recorder.catalog().alerts.alerts_active;
        active.set(
            &ActiveAlertLabelsRef {
                severity,
                component,
            },
            alerts as f64,
        );
    });
}

impl Recorder {
    /// A notification came in.
    pub fn alert(&self, severity: Severity, component: &str, status: AlertStatus) {
        let labels = |status| ReceivedAlertLabelsRef {
            severity,
            component,
            status,
        };
        let both = AlertStatus::ALL.iter().copied().map(labels);
        let received = &self.catalog().alerts.alerts_received_total;
        received.inc_among(&labels(status), both);
    }
}
