//! Users, tenants, quotas, objectives.

use std::sync::Arc;

use super::labels::{CallResult, Endpoint, Resource, Severity};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, FloatCounter, Gauge, Histogram, UpDownGauge, buckets};
use crate::registry::MetricGroup;

/// Users, tenants, quotas and objectives.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Verb("UserSession"))]
pub struct BusinessMetrics {
    /// Users seen in the activity window (15 min by default).
    #[metric(literal = "novacron_active_users_total", reason = "already exported so; a dashboard in use queries it", unit = "users", writer = Verb("update_active_users"))]
    pub active_users_total: Gauge,

    /// Migrations finished in the last 60 minutes.
    #[metric(literal = "novacron_migrations_per_hour", reason = "a rate kept as a gauge; already exported so, new queries prefer `increase(novacron_dwcp_migrations_total[1h])`", unit = "migrations per hour", writer = Verb("update_migrations_per_hour"))]
    pub migrations_per_hour: Gauge,

    /// Requests per user and route; opt-in.
    #[metric(literal = "novacron_api_usage_by_user_total", reason = "a user as a label; already exported so, and off unless a host asks for it", unit = "requests", writer = Verb("record_api_usage"), opt_in)]
    pub api_usage_by_user_total: Family<UserRequestLabels, Counter>,

    /// Tenants with at least one running VM.
    #[metric(unit = "tenants", writer = Verb("update_active_tenants"))]
    pub tenants_active: Gauge,

    /// Signed-in sessions.
    #[metric(unit = "sessions")]
    pub sessions_active: UpDownGauge,

    /// Length of ended sessions.
    #[metric(unit = Seconds, buckets = buckets::SESSION)]
    pub session_duration_seconds: Histogram,

    /// Sign-in attempts.
    #[metric(unit = "logins", writer = Verb("record_login"))]
    pub user_logins_total: Family<LoginLabels, Counter>,

    /// VMs delivered to tenants.
    #[metric(unit = "VMs", writer = Verb("record_vm_provisioned"))]
    pub vms_provisioned_total: Family<TenantLabels, Counter>,

    /// Running VM time that counts for billing.
    #[metric(unit = Seconds, writer = Verb("record_billable_time"))]
    pub billable_vm_seconds_total: Family<TenantLabels, FloatCounter>,

    /// Share of a tenant's quota in use.
    #[metric(unit = Ratio, writer = Verb("update_quota_usage"))]
    pub quota_usage_ratio: Family<QuotaLabels, Gauge>,

    /// Share of platform capacity promised to VMs.
    #[metric(unit = Ratio, writer = Verb("update_capacity_used"))]
    pub capacity_used_ratio: Family<ResourceLabels, Gauge>,

    /// Share of good events in the objective's window.
    #[metric(unit = Ratio, joined, writer = Verb("update_slo"))]
    pub slo_compliance_ratio: Family<ObjectiveLabels, Gauge>,

    /// Unspent share of the error budget.
    #[metric(unit = Ratio, joined, writer = Verb("update_slo"))]
    pub slo_error_budget_remaining_ratio: Family<ObjectiveLabels, Gauge>,

    /// Support requests opened.
    #[metric(unit = "tickets", writer = Verb("record_support_ticket"))]
    pub support_tickets_opened_total: Family<SeverityLabels, Counter>,
}

/// Which user called which route.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct UserRequestLabels {
    pub user_id: UserId,
    pub endpoint: Endpoint,
}

/// Whether a sign-in worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct LoginLabels {
    pub status: CallResult,
}

/// Which tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct TenantLabels {
    pub tenant: Tenant,
}

/// Which resource of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct QuotaLabels {
    pub tenant: Tenant,
    pub resource: Resource,
}

/// Which resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ResourceLabels {
    pub resource: Resource,
}

/// Which objective.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ObjectiveLabels {
    pub slo: Objective,
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SeverityLabels {
    pub severity: Severity,
}

/// A keyed hash of a user's id, for those who call most.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 100)]
pub struct UserId(Arc<str>);

/// Opaque key of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 200)]
pub struct Tenant(Arc<str>);

/// Name of an objective, from configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
pub struct Objective(Arc<str>);
