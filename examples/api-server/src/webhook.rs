//! `POST /alerts`: what Alertmanager sends to a webhook receiver, version 4 of its payload.
//!
//! Alertmanager repeats a firing alert for as long as it fires and resends what was not answered in
//! time, so alerts are told apart by fingerprint and start: each one is active once and resolved
//! once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Json, extract::State};
use jiff::Timestamp;
use novacron_telemetry::{
    catalog::{Severity, alerts::AlertStatus},
    record::{Recorder, record_alert_resolution, update_active_alerts},
};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    error::{ApiError, Body},
};

/// One notification: a group of alerts. Fields that nobody here reads are skipped, as the format
/// asks of receivers.
#[derive(Clone, Debug, Deserialize)]
pub struct Notification {
    version: String,
    alerts: Vec<Alert>,
}

/// One alert of a notification.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    status: Status,
    #[serde(default)]
    labels: HashMap<String, String>,
    starts_at: Timestamp,
    #[serde(default)]
    ends_at: Option<Timestamp>,
    fingerprint: String,
}

/// Whether an alert goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Firing,
    /// It is over.
    Resolved,
}

/// What a notification changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Alerts in the notification.
    pub received: usize,
    /// Of those, the ones not known to be active before.
    pub fired: usize,
    /// Of those, the ones not known to be resolved before.
    pub resolved: usize,
    /// Alerts active now.
    pub active: usize,
}

/// The alerts that were heard of, by fingerprint.
#[derive(Debug)]
pub struct Alerts {
    known: Mutex<HashMap<String, Known>>,
    recorder: Recorder,
}

#[derive(Debug)]
struct Known {
    status: Status,
    starts_at: Timestamp,
    kind: Kind,
}

/// What alerts are counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    severity: Severity,
    component: String,
}

impl Alerts {
    /// None yet.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        Self {
            known: Mutex::default(),
            recorder,
        }
    }

    /// Takes note of a notification.
    pub fn receive(&self, notification: &Notification) -> Receipt {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut receipt = Receipt {
            received: notification.alerts.len(),
            ..Receipt::default()
        };
        // Kinds that this notification may have changed, those it changed to none included.
        let mut active: HashMap<Kind, u64> = HashMap::new();
        for alert in &notification.alerts {
            let kind = alert.kind();
            self.count(alert, &kind);
            let before = known.get(&alert.fingerprint);
            let again = before.is_some_and(|k| (k.status, k.starts_at) == alert.identity());
            active.extend(before.map(|known| (known.kind.clone(), 0)));
            active.insert(kind.clone(), 0);
            if again {
                continue;
            }
            match alert.status {
                Status::Firing => receipt.fired += 1,
                Status::Resolved => receipt.resolved += 1,
            }
            self.time(alert, &kind);
            if known.len() >= KNOWN_MAX {
                // Resolved alerts are kept only to recognise a resend; a flood of them must not
                // grow this table.
                known.retain(|_, k| k.status == Status::Firing);
            }
            if known.len() < KNOWN_MAX || known.contains_key(&alert.fingerprint) {
                let (status, starts_at) = alert.identity();
                known.insert(
                    alert.fingerprint.clone(),
                    Known {
                        status,
                        starts_at,
                        kind,
                    },
                );
            }
        }
        for firing in known
            .values()
            .filter(|known| known.status == Status::Firing)
        {
            receipt.active += 1;
            active
                .entry(firing.kind.clone())
                .and_modify(|alerts| *alerts += 1);
        }
        self.recorder.in_scope(|| {
            for (
                Kind {
                    severity,
                    component,
                },
                alerts,
            ) in &active
            {
                update_active_alerts(severity.as_str(), component, *alerts);
            }
        });
        receipt
    }

    /// Every notification counts, repeated ones as well: they are how noisy an alert is.
    fn count(
        &self,
        alert: &Alert,
        Kind {
            severity,
            component,
        }: &Kind,
    ) {
        let status = match alert.status {
            Status::Firing => AlertStatus::Firing,
            Status::Resolved => AlertStatus::Resolved,
        };
        self.recorder.alert(*severity, component, status);
    }

    /// How long it fired, once it is over.
    fn time(&self, alert: &Alert, kind: &Kind) {
        if let Some(duration) = alert.duration() {
            let severity = kind.severity.as_str();
            self.recorder
                .in_scope(|| record_alert_resolution(severity, duration));
        }
    }
}

impl Alert {
    /// From firing to resolved; `None` while it fires, or if its clock ran backwards.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        let ends_at = self.ends_at.filter(|_| self.status == Status::Resolved)?;
        Duration::try_from(ends_at.duration_since(self.starts_at)).ok()
    }

    /// A resend has the same.
    fn identity(&self) -> (Status, Timestamp) {
        (self.status, self.starts_at)
    }

    /// What the labels say that rules are asked to set; an unknown severity is the mildest one.
    fn kind(&self) -> Kind {
        let severity = self
            .labels
            .get("severity")
            .and_then(|text| Severity::parse(text));
        let component = self.labels.get("component").cloned();
        Kind {
            severity: severity.unwrap_or(Severity::Info),
            component: component.unwrap_or_else(|| "none".to_owned()),
        }
    }
}

/// `POST /alerts`.
///
/// # Errors
/// 400 for what is no notification, 422 for one of another version.
pub async fn receive(
    State(app): State<Arc<App>>,
    Body(notification): Body<Notification>,
) -> Result<Json<Receipt>, ApiError> {
    if notification.version != "4" {
        return Err(ApiError::unprocessable(format!(
            "`version` must be \"4\", not \"{}\"",
            notification.version
        )));
    }
    Ok(Json(app.alerts.receive(&notification)))
}

/// Alerts remembered at once; Alertmanager itself would be in trouble long before.
const KNOWN_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(alerts: &[(&str, &str)]) -> Notification {
        let alerts: Vec<_> = alerts
            .iter()
            .map(|(fingerprint, status)| {
                serde_json::json!({
                    "status": status,
                    "labels": { "alertname": "HighAPIErrorRate", "severity": "critical" },
                    "annotations": {},
                    "startsAt": "2030-01-01T12:00:00.5+01:00",
                    "endsAt": match *status {
                        "firing" => "0001-01-01T00:00:00Z",
                        _ => "2030-01-01T11:01:30.5Z",
                    },
                    "generatorURL": "",
                    "fingerprint": fingerprint,
                })
            })
            .collect();
        serde_json::from_value(serde_json::json!({ "version": "4", "alerts": alerts }))
            .expect("a notification")
    }

    #[test]
    fn an_alert_fires_once_and_resolves_once_however_often_it_is_sent() {
        let alerts = Alerts::new(Recorder::noop());
        let firing = notification(&[("a", "firing"), ("b", "firing")]);
        assert_eq!(
            alerts.receive(&firing),
            Receipt {
                received: 2,
                fired: 2,
                resolved: 0,
                active: 2
            }
        );
        assert_eq!(
            alerts.receive(&firing),
            Receipt {
                received: 2,
                fired: 0,
                resolved: 0,
                active: 2
            }
        );
        let resolved = notification(&[("a", "resolved")]);
        assert_eq!(
            alerts.receive(&resolved),
            Receipt {
                received: 1,
                fired: 0,
                resolved: 1,
                active: 1
            }
        );
        assert_eq!(
            alerts.receive(&resolved),
            Receipt {
                received: 1,
                fired: 0,
                resolved: 0,
                active: 1
            }
        );
    }

    #[test]
    fn an_alert_lasts_from_its_start_to_its_end_across_time_zones() {
        let Notification { alerts, .. } = notification(&[("a", "resolved"), ("b", "firing")]);
        assert_eq!(alerts[0].duration(), Some(Duration::from_secs(90)));
        assert_eq!(alerts[1].duration(), None);
    }

    #[test]
    fn a_flood_of_fingerprints_is_forgotten_not_kept() {
        let alerts = Alerts::new(Recorder::noop());
        for n in 0..3 * KNOWN_MAX {
            alerts.receive(&notification(&[(&n.to_string(), "resolved")]));
        }
        assert!(alerts.known.lock().expect("not poisoned").len() <= KNOWN_MAX);
    }
}
