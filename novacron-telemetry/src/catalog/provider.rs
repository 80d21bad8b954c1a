//! Calls to providers and to other services.

use std::sync::Arc;

use super::labels::{
    CallStatus, ErrorReason, GrpcCode, Host, Provider, ProviderType, RpcMethod, Service,
};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, UpDownGauge, buckets};
use crate::registry::MetricGroup;

/// Calls to providers and to other services.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Verb("ProviderCall"))]
pub struct ProviderMetrics {
    /// Calls to providers over gRPC that finished.
    #[metric(unit = "requests")]
    pub provider_rpc_requests_total: Family<ProviderCallLabels, Counter>,

    /// Latency of calls to providers over gRPC.
    #[metric(literal = "novacron_provider_rpc_latency_seconds", reason = "latency, not duration; the prefixed form of a name that is promised literally", unit = Seconds, buckets = buckets::RPC, exemplars)]
    pub provider_rpc_latency_seconds: Family<ProviderMethodLabels, Histogram>,

    /// Asynchronous provider tasks not yet finished.
    #[metric(unit = "tasks", writer = Verb("ProviderTask"))]
    pub provider_tasks_inflight: Family<ProviderLabels, UpDownGauge>,

    /// Time from VM request to first known address.
    #[metric(unit = Seconds, buckets = buckets::IP_DISCOVERY, writer = Verb("record_ip_discovery"))]
    pub ip_discovery_duration_seconds: Family<ProviderTypeLabels, Histogram>,

    /// Errors by reason and component.
    #[metric(unit = "errors", writer = Verb("record_error"))]
    pub errors_total: Family<ErrorLabels, Counter>,

    /// 1 while a provider answers.
    #[metric(writer = Verb("update_provider_up"))]
    pub provider_up: Family<ProviderLabels, Gauge>,

    /// Breaker state: 0 closed, 1 half-open, 2 open.
    #[metric(writer = Verb("update_circuit_breaker"))]
    pub circuit_breaker_state: Family<ProviderLabels, Gauge>,

    /// Calls a breaker counted as failed.
    #[metric(unit = "failures", writer = Verb("record_circuit_breaker_failure"))]
    pub circuit_breaker_failures_total: Family<ProviderLabels, Counter>,

    /// Sessions with vSphere opened.
    #[metric(unit = "sessions", writer = Verb("record_vsphere_session"))]
    pub vsphere_sessions_total: Family<DatacenterLabels, Counter>,

    /// Calls made to the vSphere API.
    #[metric(unit = "calls", writer = Verb("record_vsphere_call"))]
    pub vsphere_api_calls_total: Family<VsphereCallLabels, Counter>,

    /// Connections to libvirt opened.
    #[metric(unit = "connections", writer = Verb("record_libvirt_connection"))]
    pub libvirt_connections_total: Family<HostLabels, Counter>,

    /// Calls to outside services.
    #[metric(unit = "calls", writer = Verb("record_external_call"))]
    pub external_calls_total: Family<ExternalCallLabels, Counter>,

    /// Latency of calls to outside services.
    #[metric(unit = Seconds, buckets = buckets::HTTP, writer = Verb("record_external_call"))]
    pub external_call_duration_seconds: Family<ServiceLabels, Histogram>,
}

/// How a call to a provider ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ProviderCallLabels {
    pub provider_type: ProviderType,
    pub method: RpcMethod,
    pub code: GrpcCode,
}

/// Which method of a kind of provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ProviderMethodLabels {
    pub provider_type: ProviderType,
    pub method: RpcMethod,
}

/// Which provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ProviderLabels {
    pub provider_type: ProviderType,
    pub provider: Provider,
}

/// Which kind of provider, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ProviderTypeLabels {
    pub provider_type: Option<ProviderType>,
}

/// What failed, where, and with which kind of provider, if any.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ErrorLabels {
    pub reason: ErrorReason,
    pub component: Component,
    pub provider_type: Option<ProviderType>,
}

/// Which datacenter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DatacenterLabels {
    pub datacenter: Datacenter,
}

/// Which method in which datacenter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct VsphereCallLabels {
    pub method: RpcMethod,
    pub datacenter: Datacenter,
}

/// Which host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct HostLabels {
    pub host: Host,
}

/// Which outside service was called, and whether it worked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ExternalCallLabels {
    pub service: Service,
    pub status: CallStatus,
}

/// Which outside service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ServiceLabels {
    pub service: Service,
}

/// Part of the system: `manager`, `provider`, or a service of the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Component(Arc<str>);

/// Name of a vSphere datacenter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
pub struct Datacenter(Arc<str>);
