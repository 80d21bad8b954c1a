//! What calls to other services write, by layers around their clients.
//!
//! They hold what a verb would look up: the labels of a client are known when it is built.

use std::sync::Arc;
use std::time::Duration;

use super::Recorder;
use super::clock::Moment;
use super::current::Frame;
use crate::catalog::CallStatus;
use crate::catalog::provider::{ExternalCallLabelsRef, ServiceLabelsRef};
use crate::metric::{Counter, Histogram};

/// What the calls to one outside service write to.
#[derive(Debug)]
pub(crate) struct ExternalSeries {
    success: Counter,
    error: Counter,
    duration: Histogram,
}

impl ExternalSeries {
    /// The series of a service, at 0 from now on: its first failure must be an increase.
    pub(crate) fn new(recorder: &Recorder, service: &str) -> Self {
        let provider = &recorder.catalog().provider;
        let calls = |status| {
            let labels = ExternalCallLabelsRef { service, status };
            provider.external_calls_total.with(&labels)
        };
        Self {
            success: calls(CallStatus::Success),
            error: calls(CallStatus::Error),
            duration: provider
                .external_call_duration_seconds
                .with(&ServiceLabelsRef { service }),
        }
    }
}

/// A call to an outside service that was begun and not ended. Its owner says how it ended.
#[derive(Debug)]
pub(crate) struct ExternalCall {
    outgoing: Outgoing,
    series: Arc<ExternalSeries>,
    latency: Option<Duration>,
}

/// What every call has that goes out.
#[derive(Debug)]
struct Outgoing {
    frame: Frame,
    begun: Moment,
}

impl Outgoing {
    fn begin(recorder: Recorder) -> Self {
        Self {
            frame: Frame::inherit(recorder, |_| {}),
            begun: Moment::now(),
        }
    }

    fn age(&self) -> Duration {
        Moment::now().since(self.begun)
    }
}

impl ExternalCall {
    /// A service is called.
    pub(crate) fn begin(recorder: Recorder, series: Arc<ExternalSeries>) -> Self {
        Self {
            outgoing: Outgoing::begin(recorder),
            series,
            latency: None,
        }
    }

    /// What is carried around each poll of the work.
    pub(crate) fn frame(&mut self) -> &mut Frame {
        &mut self.outgoing.frame
    }

    /// How long ago it was begun.
    #[cfg(feature = "grpc")]
    pub(crate) fn age(&self) -> Duration {
        self.outgoing.age()
    }

    /// The service began to answer: that was its latency, however long the answer takes.
    pub(crate) fn answered(&mut self) {
        self.latency = Some(self.outgoing.age());
    }

    /// The call ended.
    pub(crate) fn end(self, status: CallStatus) {
        match status {
            CallStatus::Success => self.series.success.inc(),
            CallStatus::Error => self.series.error.inc(),
        }
        let latency = self.latency.unwrap_or_else(|| self.outgoing.age());
        self.series.duration.observe(latency);
    }
}

#[cfg(feature = "grpc")]
pub(crate) use rpc::ProviderRpc;

#[cfg(feature = "grpc")]
mod rpc {
    use std::time::Duration;

    use super::Outgoing;
    use crate::catalog::provider::{
        ProviderCallLabelsRef, ProviderMethodLabels, ProviderMethodLabelsRef,
    };
    use crate::catalog::{GrpcCode, ProviderType};
    use crate::metric::Row;
    use crate::record::api::observe;
    use crate::record::{Frame, Recorder};

    /// A call to a provider that was begun and not ended. Its owner says how it ended.
    #[derive(Debug)]
    pub(crate) struct ProviderRpc {
        outgoing: Outgoing,
        provider_type: ProviderType,
        method: Row<ProviderMethodLabels>,
    }

    impl ProviderRpc {
        /// A method of a provider is called.
        pub(crate) fn begin(recorder: Recorder, provider_type: ProviderType, method: &str) -> Self {
            let latency = &recorder.catalog().provider.provider_rpc_latency_seconds;
            let method = latency.row(&ProviderMethodLabelsRef {
                provider_type,
                method,
            });
            Self {
                outgoing: Outgoing::begin(recorder),
                provider_type,
                method,
            }
        }

        /// What is carried around each poll of the work.
        pub(crate) fn frame(&mut self) -> &mut Frame {
            &mut self.outgoing.frame
        }

        /// How long ago it was begun.
        pub(crate) fn age(&self) -> Duration {
            self.outgoing.age()
        }

        /// The call ended.
        pub(crate) fn end(self, code: GrpcCode) {
            let Some(recorder) = &self.outgoing.frame.recorder else {
                return;
            };
            let provider = &recorder.catalog().provider;
            let latency = &provider.provider_rpc_latency_seconds;
            // Past the cap that is `__other__`, and the two families agree about it.
            let Some(method) = latency.text(self.method, 1) else {
                return;
            };
            provider
                .provider_rpc_requests_total
                .inc(&ProviderCallLabelsRef {
                    provider_type: self.provider_type,
                    method,
                    code,
                });
            let trace = self.outgoing.frame.trace;
            observe(&latency.at(self.method), self.age(), trace);
        }
    }
}
