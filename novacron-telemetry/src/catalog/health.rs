//! Availability, health checks, dependencies.

use super::labels::{CheckedComponent, Dependency, Service};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, Timestamp, buckets};
use crate::registry::MetricGroup;

/// Availability, health checks and dependencies.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Library)]
pub struct HealthMetrics {
    /// 1 while the service is up, 0 while it is down.
    #[metric(writer = Verb("update_service_availability"))]
    pub service_availability: Family<ServiceLabels, Gauge>,

    /// 1 when the last check of a component passed.
    pub health_check_status: Family<ComponentLabels, Gauge>,

    /// Health checks run, by result.
    #[metric(unit = "checks")]
    pub health_checks_total: Family<CheckLabels, Counter>,

    /// Time a health check took.
    #[metric(unit = Seconds, buckets = buckets::SCRAPE)]
    pub health_check_duration_seconds: Family<ComponentLabels, Histogram>,

    /// Unix time of the last passing check.
    #[metric(unit = Seconds)]
    pub health_check_last_success_timestamp_seconds: Family<ComponentLabels, Timestamp>,

    /// 1 when the process is healthy, 0 when degraded or worse.
    pub health_status: Gauge,

    /// 1 while an outside dependency answers.
    #[metric(writer = Verb("update_dependency"))]
    pub dependency_up: Family<DependencyLabels, Gauge>,

    /// Unix time the service came up.
    #[metric(unit = Seconds, writer = Verb("record_service_start"))]
    pub service_start_time_seconds: Family<ServiceLabels, Gauge>,

    /// Restarts noticed for a supervised service.
    #[metric(unit = "restarts", writer = Verb("record_service_start"))]
    pub service_restarts_total: Family<ServiceLabels, Counter>,

    /// Up/down flips of a service.
    #[metric(unit = "changes", writer = Verb("update_service_availability"))]
    pub service_availability_changes_total: Family<ServiceLabels, Counter>,

    /// Failures found by detectors.
    #[metric(unit = "detections", writer = Verb("record_failure_detection"))]
    pub failure_detections_total: Family<FailureTypeLabels, Counter>,

    /// 1 when readiness checks pass.
    pub ready: Gauge,
}

/// Which service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ServiceLabels {
    pub service: Service,
}

/// Which checked component.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ComponentLabels {
    pub component: CheckedComponent,
}

/// What a component's check came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CheckLabels {
    pub component: CheckedComponent,
    pub result: CheckResult,
}

/// Which outside dependency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DependencyLabels {
    pub dependency: Dependency,
}

/// What was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct FailureTypeLabels {
    pub failure_type: FailureType,
}

/// What a health check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum CheckResult {
    Healthy,
    Degraded,
    Unhealthy,
    Timeout,
}

/// What a failure detector noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum FailureType {
    Heartbeat,
    Latency,
    Crash,
    Network,
    Disk,
    #[label(other)]
    Other,
}
