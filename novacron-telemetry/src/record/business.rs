//! Users, tenants, quotas and objectives.

use super::clock::Moment;
use super::current::with_current;
use super::{Recorder, current};
use crate::catalog::business::{
    LoginLabels, ObjectiveLabelsRef, QuotaLabelsRef, ResourceLabels, SeverityLabels,
    TenantLabelsRef, UserRequestLabelsRef,
};
use crate::catalog::{CallResult, Resource, Severity};
use crate::metric::{Histogram, InFlight, Seconds};

/// A user's session, signed in until this is dropped.
///
/// ```
/// use novacron_telemetry::record::UserSession;
///
/// let session = UserSession::begin();
/// // … until the user signs out …
/// drop(session);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the session is over"]
pub struct UserSession {
    begun: Moment,
    duration: Histogram,
    _active: InFlight,
}

impl UserSession {
    /// A user signed in.
    pub fn begin() -> Self {
        Self::begin_with(&current::current())
    }

    /// A user signed in to a service that is recorded by `recorder`.
    pub fn begin_with(recorder: &Recorder) -> Self {
        let business = &recorder.catalog().business;
        Self {
            begun: Moment::now(),
            duration: business.session_duration_seconds.clone(),
            _active: business.sessions_active.guard(),
        }
    }
}

impl Drop for UserSession {
    fn drop(&mut self) {
        self.duration.observe(Moment::now().since(self.begun));
    }
}

/// How many users were seen in the activity window.
///
/// ```
/// novacron_telemetry::record::update_active_users(42);
/// ```
pub fn update_active_users(users: u64) {
    with_current(|recorder| {
        recorder
            .catalog()
            .business
            .active_users_total
            .set(users as f64);
    });
}

/// How many migrations finished in the last 60 minutes.
///
/// ```
/// novacron_telemetry::record::update_migrations_per_hour(7.0);
/// ```
pub fn update_migrations_per_hour(migrations: f64) {
    with_current(|recorder| {
        recorder
            .catalog()
            .business
            .migrations_per_hour
            .set(migrations);
    });
}

/// A user called a route. Nothing is shown of it unless the host asks for that, see
/// [`UserLabels`](super::UserLabels); and then the user's id is hashed with a secret key, and only
/// those with a good part of all requests are shown one by one.
///
/// ```
/// novacron_telemetry::record::record_api_usage("alice@example.com", "/api/v1/vms");
/// ```
pub fn record_api_usage(user: &str, endpoint: &str) {
    with_current(|recorder| {
        let usage = &recorder.catalog().business.api_usage_by_user_total;
        if usage.is_silent() {
            return;
        }
        let user = recorder.users().label(user);
        usage.inc(&UserRequestLabelsRef {
            user_id: user.as_str(),
            endpoint,
        });
    });
}

/// How many tenants have at least one running VM.
///
/// ```
/// novacron_telemetry::record::update_active_tenants(5);
/// ```
pub fn update_active_tenants(tenants: u64) {
    with_current(|recorder| {
        recorder
            .catalog()
            .business
            .tenants_active
            .set(tenants as f64);
    });
}

/// Somebody tried to sign in: `success` or `failure`.
///
/// ```
/// novacron_telemetry::record::record_login("success");
/// ```
pub fn record_login(status: &str) {
    let status = CallResult::from(status);
    with_current(|recorder| {
        let logins = &recorder.catalog().business.user_logins_total;
        logins.inc(&LoginLabels { status });
    });
}

/// A VM was delivered to a tenant.
///
/// ```
/// novacron_telemetry::record::record_vm_provisioned("tenant-7");
/// ```
pub fn record_vm_provisioned(tenant: &str) {
    with_current(|recorder| {
        let provisioned = &recorder.catalog().business.vms_provisioned_total;
        provisioned.inc(&TenantLabelsRef { tenant });
    });
}

/// A tenant's VMs ran for this long, all together.
///
/// ```
/// novacron_telemetry::record::record_billable_time("tenant-7", 3600.0);
/// ```
pub fn record_billable_time(tenant: &str, time: impl Into<Seconds>) {
    let time = time.into().get();
    with_current(|recorder| {
        let billable = &recorder.catalog().business.billable_vm_seconds_total;
        billable.inc_by(&TenantLabelsRef { tenant }, time);
    });
}

/// The share of a tenant's quota in use, 0 to 1: of `cpu`, `memory`, `disk` or `network`.
///
/// ```
/// novacron_telemetry::record::update_quota_usage("tenant-7", "memory", 0.8);
/// ```
pub fn update_quota_usage(tenant: &str, resource: &str, ratio: f64) {
    with_current(|recorder| {
        if let Some(resource) = recorder.known(Resource::parse(resource)) {
            let usage = &recorder.catalog().business.quota_usage_ratio;
            usage.set(&QuotaLabelsRef { tenant, resource }, ratio);
        }
    });
}

/// The share of the platform's capacity that is promised to VMs, 0 to 1.
///
/// ```
/// novacron_telemetry::record::update_capacity_used("cpu", 0.55);
/// ```
pub fn update_capacity_used(resource: &str, ratio: f64) {
    with_current(|recorder| {
        if let Some(resource) = recorder.known(Resource::parse(resource)) {
            let used = &recorder.catalog().business.capacity_used_ratio;
            used.set(&ResourceLabels { resource }, ratio);
        }
    });
}

/// An objective: the share of good events in its window, and the share of its error budget that is
/// left, each 0 to 1.
///
/// ```
/// novacron_telemetry::record::update_slo("api-availability", 0.9995, 0.5);
/// ```
pub fn update_slo(slo: &str, compliance: f64, budget_remaining: f64) {
    with_current(|recorder| {
        let business = &recorder.catalog().business;
        let row = business
            .slo_compliance_ratio
            .row(&ObjectiveLabelsRef { slo });
        business.slo_compliance_ratio.set_at(row, compliance);
        business
            .slo_error_budget_remaining_ratio
            .set_at(row, budget_remaining);
    });
}

/// A support request was opened: `critical`, `high`, `warning`, `medium`, `low` or `info`.
///
/// ```
/// novacron_telemetry::record::record_support_ticket("high");
/// ```
pub fn record_support_ticket(severity: &str) {
    let severity = Severity::from(severity);
    with_current(|recorder| {
        let tickets = &recorder.catalog().business.support_tickets_opened_total;
        tickets.inc(&SeverityLabels { severity });
    });
}
