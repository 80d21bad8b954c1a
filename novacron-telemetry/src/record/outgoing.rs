//! What calls to other services write, by layers around their clients.
//!
//! They hold what a verb would look up: the labels of a client are known when it is built.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::Recorder;
use super::clock::Moment;
use super::current::Frame;
use super::span::SpanEnd;
use crate::catalog::CallStatus;
use crate::catalog::provider::{ExternalCallLabelsRef, ServiceLabelsRef};
use crate::context::{Class, FinishedSpan, Span, SpanKind};
use crate::metric::{Counter, Histogram};

/// What the calls to one outside service write to.
#[derive(Debug)]
pub(crate) struct ExternalSeries {
    service: Box<str>,
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
            service: service.into(),
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
pub(crate) struct ServiceCall {
    outgoing: Outgoing,
    series: Arc<ExternalSeries>,
    latency: Option<Duration>,
    /// What is asked of the service, for the name of the span.
    operation: Cow<'static, str>,
}

/// What every call has that goes out.
#[derive(Debug)]
struct Outgoing {
    frame: Frame,
    span: Span,
    begun: Moment,
}

impl Outgoing {
    fn begin(recorder: Recorder) -> Self {
        let mut frame = Frame::inherit(recorder, |_| {});
        let span = frame.begin_span(|_| Class::Default);
        Self {
            frame,
            span,
            begun: Moment::now(),
        }
    }

    /// Whether its span may be exported, so that it is worth knowing what it is about.
    fn is_traced(&self) -> bool {
        self.span.is_recorded() || self.span.is_watched()
    }

    /// Ends its span.
    fn end_span(&self, end: SpanEnd, describe: impl FnOnce(&mut FinishedSpan)) {
        let Some(recorder) = &self.frame.recorder else {
            return;
        };
        let (trace, times) = (self.frame.trace.as_ref(), (self.begun, Moment::now()));
        let slow = times.1.since(times.0) > recorder.settings().slow_request;
        recorder
            .tracer()
            .end(self.span, trace, times, end.rescue(slow), |span| {
                span.kind = SpanKind::Client;
                describe(span);
                end.tell(span);
            });
    }

    fn age(&self) -> Duration {
        Moment::now().since(self.begun)
    }
}

impl ServiceCall {
    /// A service is called. The operation is only asked for if a span may need it.
    pub(crate) fn begin(
        recorder: Recorder,
        series: Arc<ExternalSeries>,
        operation: impl FnOnce() -> Cow<'static, str>,
    ) -> Self {
        let outgoing = Outgoing::begin(recorder);
        Self {
            operation: match outgoing.is_traced() {
                true => operation(),
                false => Cow::Borrowed(""),
            },
            outgoing,
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
        let end = SpanEnd::of(status == CallStatus::Success, "external_call");
        let Self {
            operation, series, ..
        } = &self;
        self.outgoing.end_span(end, |span| {
            span.name = format!("{} {operation}", series.service).into();
            span.set("peer.service", series.service.clone().into_string());
        });
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
    use crate::record::rpc::describe;
    use crate::record::span::{SpanEnd, observe};
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
            let trace = self.outgoing.frame.trace.as_ref();
            observe(&latency.at(self.method), self.age(), trace, false);
            let kind = self.provider_type.as_str();
            let end = match code {
                GrpcCode::Ok => SpanEnd::Success,
                GrpcCode::Cancelled => SpanEnd::Cancelled,
                GrpcCode::DeadlineExceeded => SpanEnd::TimedOut,
                _ => SpanEnd::Failed(code.as_str()),
            };
            self.outgoing.end_span(end, |span| {
                describe(span, kind, method, code);
                span.name = format!("{kind} {method}").into();
                span.set("peer.service", kind);
                span.set("provider.type", kind);
            });
        }
    }
}
