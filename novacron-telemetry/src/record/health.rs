//! Services and what they depend on: up, down, started, failing.

use super::Recorder;
use super::current::with_current;
use crate::catalog::health::{
    DependencyLabelsRef, FailureType, FailureTypeLabels, ServiceLabelsRef,
};

/// Whether a service is up. A change is counted.
///
/// ```
/// novacron_telemetry::record::update_service_availability("api-server", true);
/// ```
pub fn update_service_availability(service: &str, up: bool) {
    with_current(|recorder| recorder.service_availability(service, up));
}

/// Whether an outside dependency answers.
///
/// ```
/// novacron_telemetry::record::update_dependency("minio", false);
/// ```
pub fn update_dependency(dependency: &str, up: bool) {
    with_current(|recorder| {
        let gauge = &recorder.catalog().health.dependency_up;
        gauge.set(&DependencyLabelsRef { dependency }, f64::from(up));
    });
}

/// A service came up just now. The second time that is a restart.
///
/// ```
/// novacron_telemetry::record::record_service_start("scheduler");
/// ```
pub fn record_service_start(service: &str) {
    with_current(|recorder| recorder.service_start(service));
}

/// A detector noticed a failure: `heartbeat`, `latency`, `crash`, `network`, `disk`.
///
/// ```
/// novacron_telemetry::record::record_failure_detection("heartbeat");
/// ```
pub fn record_failure_detection(failure_type: &str) {
    let failure_type = FailureType::from(failure_type);
    with_current(|recorder| {
        let counter = &recorder.catalog().health.failure_detections_total;
        counter.inc(&FailureTypeLabels { failure_type });
    });
}

impl Recorder {
    /// Whether a service is up. A change is counted.
    pub fn service_availability(&self, service: &str, up: bool) {
        let health = &self.catalog().health;
        let labels = ServiceLabelsRef { service };
        let gauge = health.service_availability.with(&labels);
        let was = gauge.get();
        gauge.set(f64::from(up));
        let changes = &health.service_availability_changes_total;
        match was {
            Some(was) if (was != 0.0) != up => changes.inc(&labels),
            _ => changes.touch(&labels),
        }
    }

    /// A service came up just now. The second time that is a restart.
    pub fn service_start(&self, service: &str) {
        let health = &self.catalog().health;
        let labels = ServiceLabelsRef { service };
        let started = health.service_start_time_seconds.with(&labels);
        match started.get() {
            Some(_) => health.service_restarts_total.inc(&labels),
            None => health.service_restarts_total.touch(&labels),
        }
        let now = super::clock::Moment::now().unix_seconds();
        // A clock that was never set says 1970: then nobody knows.
        if now > 0.0 {
            started.set(now);
        }
    }
}
