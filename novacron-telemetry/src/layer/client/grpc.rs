//! The layer around channels that speak gRPC.
//!
//! ```
//! use novacron_telemetry::catalog::ProviderType;
//! use novacron_telemetry::layer::client::GrpcClientLayer;
//! use novacron_telemetry::record::Recorder;
//! use tower_layer::Layer;
//!
//! # fn channel() {}
//! // Calls to a provider are `provider_rpc_*`, by method and code.
//! let layer = GrpcClientLayer::provider(Recorder::noop(), ProviderType::Libvirt);
//! let provider = layer.layer(channel());
//! // Calls to any other service are `external_calls_*`, like those over HTTP.
//! let billing = GrpcClientLayer::service(Recorder::noop(), "billing").layer(channel());
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::response::Parts;
use http::{HeaderMap, Request};
use tower_layer::Layer;

use super::service::CountedClient;
use super::work::Target;
use crate::catalog::{CallStatus, GrpcCode, ProviderType};
use crate::layer::grpc::{deadline, path, status};
use crate::record::{
    Ending, ExternalSeries, Frame, Outcome, ProviderRpc, Recorder, ServiceCall, UNMATCHED,
};

/// Counts the calls to one provider or service over gRPC. See the [module](super) for what is
/// counted when.
#[derive(Clone)]
pub struct GrpcClientLayer {
    recorder: Recorder,
    target: GrpcTarget,
}

/// Who is called, and how long a call may take.
#[derive(Clone, Debug)]
pub(super) struct GrpcTarget {
    peer: Peer,
    timeout: Option<Duration>,
}

#[derive(Clone, Debug)]
enum Peer {
    Provider(ProviderType),
    Service(Arc<ExternalSeries>),
}

impl GrpcClientLayer {
    /// A layer around the channel to a provider of this kind: writes `provider_rpc_requests_total`
    /// and `provider_rpc_latency_seconds`, with the method that the path names.
    #[must_use]
    pub fn provider(recorder: Recorder, provider_type: ProviderType) -> Self {
        Self::new(recorder, Peer::Provider(provider_type))
    }

    /// A layer around the channel to a service that is no provider: writes `external_calls_total`
    /// and `external_call_duration_seconds`. A call that ends with `OK` was a success.
    #[must_use]
    pub fn service(recorder: Recorder, service: &str) -> Self {
        let series = Arc::new(ExternalSeries::new(&recorder, service));
        Self::new(recorder, Peer::Service(series))
    }

    /// Says how long the channel lets a call take, as tonic's `Endpoint::timeout` does: what fails
    /// at least that late ran out of time. A `grpc-timeout` in the request needs no such word.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.target.timeout = Some(timeout);
        self
    }

    fn new(recorder: Recorder, peer: Peer) -> Self {
        let target = GrpcTarget {
            peer,
            timeout: None,
        };
        Self { recorder, target }
    }
}

impl<S> Layer<S> for GrpcClientLayer {
    type Service = CountedClient<S>;

    fn layer(&self, inner: S) -> CountedClient<S> {
        let target = Target::Grpc(self.target.clone());
        CountedClient::new(inner, self.recorder.clone(), target)
    }
}

impl fmt::Debug for GrpcClientLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcClientLayer")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// A call over gRPC.
#[derive(Debug)]
pub(super) struct GrpcCall {
    call: Call,
    patience: Option<Duration>,
    /// The last code that was said.
    code: Option<GrpcCode>,
}

#[derive(Debug)]
enum Call {
    Provider(ProviderRpc),
    Service(ServiceCall),
}

impl GrpcCall {
    pub(super) fn begin<B>(recorder: Recorder, target: &GrpcTarget, request: &Request<B>) -> Self {
        let timeout = [deadline::of_headers(request.headers()), target.timeout];
        let call = match &target.peer {
            Peer::Provider(provider_type) => {
                let method = path::parse(request.uri().path()).map(|(_, method)| method);
                let method = method.unwrap_or(UNMATCHED);
                Call::Provider(ProviderRpc::begin(recorder, *provider_type, method))
            }
            Peer::Service(series) => {
                Call::Service(ServiceCall::begin(recorder, Arc::clone(series), || {
                    let method = path::parse(request.uri().path()).map(|(_, method)| method);
                    method.unwrap_or(UNMATCHED).to_owned().into()
                }))
            }
        };
        Self {
            call,
            patience: timeout.into_iter().flatten().min().map(deadline::patience),
            code: None,
        }
    }

    pub(super) fn head(&mut self, head: &Parts) {
        self.code = status::of_headers(&head.headers).or_else(|| status::of_http(head.status));
    }

    pub(super) fn trailers(&mut self, trailers: &HeaderMap) {
        self.code = status::of_headers(trailers).or(self.code);
    }

    pub(super) fn end(self, ending: Ending) {
        let code = self.code(ending);
        match self.call {
            Call::Provider(call) => call.end(code),
            Call::Service(call) => call.end(match code {
                GrpcCode::Ok => CallStatus::Success,
                _ => CallStatus::Error,
            }),
        }
    }

    fn code(&self, ending: Ending) -> GrpcCode {
        let Ending::Outcome(outcome) = ending else {
            return GrpcCode::Internal;
        };
        match (self.code, outcome) {
            (Some(code), _) => code,
            (None, Outcome::Success) => GrpcCode::Unknown,
            (None, Outcome::TimedOut) => GrpcCode::DeadlineExceeded,
            (None, _) if self.is_late() => GrpcCode::DeadlineExceeded,
            (None, Outcome::Cancelled) => GrpcCode::Cancelled,
            (None, Outcome::Failure(_)) => GrpcCode::Unavailable,
        }
    }

    fn is_late(&self) -> bool {
        let age = match &self.call {
            Call::Provider(call) => call.age(),
            Call::Service(call) => call.age(),
        };
        self.patience.is_some_and(|patience| age >= patience)
    }

    pub(super) fn frame(&mut self) -> &mut Frame {
        match &mut self.call {
            Call::Provider(call) => call.frame(),
            Call::Service(call) => call.frame(),
        }
    }
}
