//! What the checks add up to, as a report and as metrics.

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Inner;
use super::check::{Found, Watched};
use crate::catalog::health::{CheckLabelsRef, CheckResult, ComponentLabelsRef};

/// How a component or a whole service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthStatus {
    /// As it should be.
    Healthy,
    /// It works, and somebody should look.
    Degraded,
    /// It does not work.
    Unhealthy,
}

impl HealthStatus {
    /// The word for probes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<CheckResult> for HealthStatus {
    fn from(result: CheckResult) -> Self {
        match result {
            CheckResult::Healthy => Self::Healthy,
            CheckResult::Degraded => Self::Degraded,
            CheckResult::Unhealthy | CheckResult::Timeout => Self::Unhealthy,
        }
    }
}

/// How one component is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ComponentReport {
    /// Its name.
    pub name: String,
    /// How it is; `None` before the first result.
    pub status: Option<HealthStatus>,
    /// Why it is not healthy.
    pub message: Option<String>,
    /// Whether the service cannot do without it.
    pub required: bool,
    /// How long ago that was found.
    pub age: Duration,
    /// How long the check took.
    pub took: Duration,
}

/// How a service is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The service.
    pub service: String,
    /// Its version.
    pub version: String,
    /// How it is: as its worst component, where one it can do without makes it degraded at most.
    /// Components of which nothing is known yet do not count.
    pub status: HealthStatus,
    /// Whether it may be given work: nothing it needs is unhealthy or unknown, and it is not
    /// draining.
    pub ready: bool,
    /// Whether it asked to be given no more work.
    pub draining: bool,
    /// Its components, in the order in which their checks were registered.
    pub components: Vec<ComponentReport>,
}

impl Report {
    /// The report as JSON. It says how each component is and not why: the reasons of a database or a
    /// hypervisor are not for everybody who can reach a probe. They are in the log.
    #[must_use]
    pub fn to_json(&self) -> String {
        let checks: Map<String, Value> = self
            .components
            .iter()
            .map(|component| (component.name.clone(), component.to_json()))
            .collect();
        let report = json!({
            "status": self.status.as_str(),
            "service": self.service,
            "version": self.version,
            "ready": self.ready,
            "draining": self.draining,
            "checks": checks,
        });
        format!("{report:#}\n")
    }
}

impl ComponentReport {
    fn new(watched: &Watched) -> Self {
        let found = watched.found();
        let found = found.as_ref();
        Self {
            name: watched.name().to_owned(),
            status: found.map(|found| found.result.into()),
            message: found.and_then(|found| found.message.as_deref().map(str::to_owned)),
            required: watched.required(),
            age: found.map_or(Duration::ZERO, |found| found.at.elapsed()),
            took: found.map_or(Duration::ZERO, |found| found.took),
        }
    }

    fn to_json(&self) -> Value {
        let Some(status) = self.status else {
            return json!({ "status": "pending", "required": self.required });
        };
        json!({
            "status": status.as_str(),
            "required": self.required,
            "age_seconds": self.age.as_secs(),
            "duration_ms": self.took.as_secs_f64() * 1e3,
        })
    }

    /// What it means for the service.
    fn weight(&self) -> HealthStatus {
        match self.status {
            Some(status) if self.required => status,
            Some(status) => status.min(HealthStatus::Degraded),
            None => HealthStatus::Healthy,
        }
    }
}

impl Inner {
    pub(super) fn report(&self) -> Report {
        let components: Vec<_> = {
            let checks = self.checks.lock().clone();
            checks
                .iter()
                .map(|check| ComponentReport::new(check))
                .collect()
        };
        let status = components
            .iter()
            .map(ComponentReport::weight)
            .max()
            .unwrap_or(HealthStatus::Healthy);
        let draining = self.draining.load(Ordering::Acquire);
        let known = components
            .iter()
            .all(|component| component.status.is_some() || !component.required);
        Report {
            service: self.service.to_string(),
            version: self.version.to_string(),
            status,
            ready: known && !draining && status != HealthStatus::Unhealthy,
            draining,
            components,
        }
    }

    /// A check came back: counts it, tells of a change, and shows where things are now.
    pub(super) fn found(&self, watched: &Watched, found: Found) {
        let families = &self.recorder.catalog().health;
        let component = watched.name();
        let labels = ComponentLabelsRef { component };
        families.health_checks_total.inc(&CheckLabelsRef {
            component,
            result: found.result,
        });
        if watched.is_asked() {
            families
                .health_check_duration_seconds
                .observe(&labels, found.took);
        }
        if found.result == CheckResult::Healthy {
            families
                .health_check_last_success_timestamp_seconds
                .set_now(&labels);
        }
        let (now, why) = (found.result, found.message.clone());
        let before = watched.note(found);
        self.show();
        tell(component, before, now, why.as_deref());
    }

    /// Shows where things are, once there is anything to show: a service without checks says
    /// nothing of its health.
    pub(super) fn show(&self) {
        let showing = self.showing.lock();
        let report = self.report();
        if report.components.is_empty() && !report.draining {
            return;
        }
        let families = &self.recorder.catalog().health;
        for component in &report.components {
            if let Some(status) = component.status {
                let passed = f64::from(status == HealthStatus::Healthy);
                families.health_check_status.set(
                    &ComponentLabelsRef {
                        component: &component.name,
                    },
                    passed,
                );
            }
        }
        let healthy = report.status == HealthStatus::Healthy;
        families.health_status.set(f64::from(healthy));
        families.ready.set(f64::from(report.ready));
        let available = report.status != HealthStatus::Unhealthy;
        self.recorder.service_availability(&self.service, available);
        drop(showing);
    }
}

/// Once per change, not once per check: a component that stays down does not fill the log.
fn tell(component: &str, before: Option<CheckResult>, now: CheckResult, why: Option<&str>) {
    let (before, now) = (before.map(HealthStatus::from), HealthStatus::from(now));
    let why = why.unwrap_or_default();
    match (before, now) {
        (Some(before), now) if before == now => {}
        (None, HealthStatus::Healthy) => {}
        (_, HealthStatus::Healthy) => tracing::info!(component, "healthy again"),
        (_, now) => tracing::warn!(component, status = %now, "{why}"),
    }
}
