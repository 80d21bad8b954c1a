//! What the calls of one gRPC method write to, looked up once and kept.
//!
//! A path is a stranger's word, so looking a method up makes nothing: a method is known once it was
//! declared, or learned from an answer that only a handler of it can give.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use super::Recorder;
use crate::catalog::grpc::{
    GrpcCallLabelsRef, GrpcMethodLabels, GrpcMethodLabelsRef, GrpcServiceLabelsRef,
};
use crate::catalog::{GrpcCode, GrpcMetrics};
use crate::label::OTHER;
use crate::metric::family::grown::Grown;
use crate::metric::{Counter, Histogram, Row, UpDownGauge};

/// Everything that the calls of one method write to.
#[derive(Debug)]
pub(crate) struct RpcMethod {
    service: Box<str>,
    method: Box<str>,
    pub(super) in_flight: UpDownGauge,
    pub(super) received: Traffic,
    pub(super) sent: Traffic,
    /// Made when it is first needed: most methods are of one kind and have one of them.
    unary: OnceLock<Histogram>,
    stream: OnceLock<Histogram>,
    codes: [OnceLock<Counter>; GrpcCode::ALL.len()],
    kind: AtomicU8,
    /// Past a cap methods share their series, and nothing is known of all of them.
    shared: bool,
}

/// Messages that went one way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    messages: Counter,
    bytes: Counter,
}

impl Traffic {
    /// So many more messages went by, of so many bytes together.
    #[inline]
    pub(crate) fn count(&self, messages: u64, bytes: u64) {
        if messages > 0 {
            self.messages.inc_by(messages);
            self.bytes.inc_by(bytes);
        }
    }
}

/// Whether the calls of a method are streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RpcKind {
    /// Nobody said, and no call showed it: each call is what it looks like.
    Unknown,
    /// One message there, one back.
    Unary,
    /// Any number in one direction at least.
    Streaming,
}

/// The methods that are known, by their row.
#[derive(Debug)]
pub(super) struct RpcMethods(Grown<OnceLock<RpcMethod>>);

impl RpcMethods {
    pub(super) fn new() -> Self {
        Self(Grown::new())
    }

    #[inline]
    pub(super) fn get(&self, place: u32) -> Option<&RpcMethod> {
        self.0.get(place)?.get()
    }

    #[cold]
    fn make(&self, grpc: &GrpcMetrics, row: Row<GrpcMethodLabels>) -> Option<&RpcMethod> {
        // Past a cap these are `__other__`, and so is everything that is looked up by them.
        let service = grpc.received_messages_total.text(row, 0)?;
        let method = grpc.received_messages_total.text(row, 1)?;
        let slot = self.0.get_or_make(row.series(), OnceLock::new);
        Some(slot.get_or_init(|| {
            RpcMethod {
                service: service.into(),
                method: method.into(),
                in_flight: grpc
                    .requests_in_flight
                    .with(&GrpcServiceLabelsRef { service }),
                received: Traffic {
                    messages: grpc.received_messages_total.at(row),
                    bytes: grpc.received_bytes_total.at(row),
                },
                sent: Traffic {
                    messages: grpc.sent_messages_total.at(row),
                    bytes: grpc.sent_bytes_total.at(row),
                },
                unary: OnceLock::new(),
                stream: OnceLock::new(),
                codes: std::array::from_fn(|_| OnceLock::new()),
                kind: AtomicU8::new(RpcKind::Unknown as u8),
                shared: [service, method].contains(&OTHER),
            }
        }))
    }
}

impl Recorder {
    /// The place of a method that is known; makes nothing.
    #[inline]
    pub(super) fn known_rpc_method(&self, service: &str, method: &str) -> Option<u32> {
        let labels = GrpcMethodLabelsRef { service, method };
        let row = self
            .catalog()
            .grpc
            .received_messages_total
            .known_row(&labels)?;
        self.rpc_methods().get(row.series())?;
        Some(row.series())
    }

    /// The place of a method, which is known from now on; `None` if the group is off.
    #[cold]
    pub(super) fn learn_rpc_method(&self, service: &str, method: &str) -> Option<u32> {
        let grpc = &self.catalog().grpc;
        let labels = GrpcMethodLabelsRef { service, method };
        let row = grpc.received_messages_total.row(&labels);
        self.rpc_methods().make(grpc, row)?;
        Some(row.series())
    }

    /// Shows a method from now on, at 0, and says of which kind it is.
    pub(crate) fn declare_rpc_method(&self, service: &str, method: &str, kind: RpcKind) {
        let grpc = &self.catalog().grpc;
        let place = self.learn_rpc_method(service, method);
        if let Some(known) = place.and_then(|place| self.rpc_methods().get(place))
            && !known.shared
        {
            known.kind.store(kind as u8, Ordering::Relaxed);
            match kind {
                RpcKind::Streaming => _ = known.stream(grpc),
                RpcKind::Unary => _ = known.unary(grpc),
                RpcKind::Unknown => {}
            }
        }
    }
}

impl RpcMethod {
    #[inline]
    pub(super) fn names(&self) -> (&str, &str) {
        (&self.service, &self.method)
    }

    pub(super) fn kind(&self) -> RpcKind {
        match self.kind.load(Ordering::Relaxed) {
            kind if kind == RpcKind::Unary as u8 => RpcKind::Unary,
            kind if kind == RpcKind::Streaming as u8 => RpcKind::Streaming,
            _ => RpcKind::Unknown,
        }
    }

    /// The server sent more than one message in a call: what it is was shown for good, unless
    /// somebody said otherwise. What a client sends shows nothing.
    pub(super) fn streams(&self) {
        if !self.shared {
            let (from, to) = (RpcKind::Unknown as u8, RpcKind::Streaming as u8);
            let _ = self
                .kind
                .compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(super) fn unary(&self, grpc: &GrpcMetrics) -> &Histogram {
        self.unary
            .get_or_init(|| grpc.request_duration_seconds.with(&self.labels()))
    }

    #[inline]
    pub(super) fn stream(&self, grpc: &GrpcMetrics) -> &Histogram {
        self.stream
            .get_or_init(|| grpc.stream_duration_seconds.with(&self.labels()))
    }

    #[inline]
    pub(super) fn count(&self, grpc: &GrpcMetrics, code: GrpcCode) {
        let counter = self.codes[code as usize].get_or_init(|| {
            grpc.requests_total.with(&GrpcCallLabelsRef {
                service: &self.service,
                method: &self.method,
                code,
            })
        });
        counter.inc();
    }

    fn labels(&self) -> GrpcMethodLabelsRef<'_> {
        GrpcMethodLabelsRef {
            service: &self.service,
            method: &self.method,
        }
    }
}
