//! Calls served over gRPC.
//!
//! A status of HTTP says nothing about a call, so calls have families of their own.

use std::sync::Arc;

use super::labels::{GrpcCode, RpcMethod};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Histogram, UpDownGauge, buckets};
use crate::registry::MetricGroup;

/// Calls served over gRPC.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_grpc", writer = Layer("GrpcLayer"))]
pub struct GrpcMetrics {
    /// Calls answered over gRPC, by service, method and status code.
    #[metric(unit = "calls")]
    pub requests_total: Family<GrpcCallLabels, Counter>,

    /// Time from receiving a call to the end of its unary answer.
    #[metric(unit = Seconds, buckets = buckets::RPC, exemplars)]
    pub request_duration_seconds: Family<GrpcMethodLabels, Histogram>,

    /// Calls over gRPC being handled right now, streams included.
    #[metric(unit = "calls")]
    pub requests_in_flight: Family<GrpcServiceLabels, UpDownGauge>,

    /// Messages that clients sent.
    #[metric(unit = "messages", joined)]
    pub received_messages_total: Family<GrpcMethodLabels, Counter>,

    /// Messages sent to clients.
    #[metric(unit = "messages", joined)]
    pub sent_messages_total: Family<GrpcMethodLabels, Counter>,

    /// Size of the messages that clients sent, as they were sent: compressed, without their prefix.
    #[metric(unit = Bytes, joined)]
    pub received_bytes_total: Family<GrpcMethodLabels, Counter>,

    /// Size of the messages sent to clients, as they were sent: compressed, without their prefix.
    #[metric(unit = Bytes, joined)]
    pub sent_bytes_total: Family<GrpcMethodLabels, Counter>,

    /// Time that a streaming call stayed open.
    #[metric(unit = Seconds, buckets = buckets::MIGRATION, exemplars)]
    pub stream_duration_seconds: Family<GrpcMethodLabels, Histogram>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GrpcCallLabels {
    pub service: GrpcService,
    pub method: RpcMethod,
    pub code: GrpcCode,
}

/// Which method of which service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GrpcMethodLabels {
    pub service: GrpcService,
    pub method: RpcMethod,
}

/// Which service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GrpcServiceLabels {
    pub service: GrpcService,
}

/// Full name of a gRPC service, from its descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
pub struct GrpcService(Arc<str>);
