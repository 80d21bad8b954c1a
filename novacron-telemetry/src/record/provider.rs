//! Calls to providers and to other services.

use super::clock::Moment;
use super::current::with_current;
use super::run::{Held, Run};
use super::{Outcome, Recorder, current};
use crate::catalog::provider::{
    ErrorLabelsRef, ExternalCallLabelsRef, ProviderCallLabelsRef, ProviderLabelsRef,
    ProviderMethodLabelsRef, ProviderTypeLabels, ServiceLabelsRef,
};
use crate::catalog::{CallStatus, ErrorReason, GrpcCode, ProviderType};
use crate::context::{FinishedSpan, SpanKind};
use crate::metric::{InFlight, Seconds};

/// A call to a provider over gRPC. Dropped without [`finish`](ProviderCall::finish), it was
/// `CANCELLED`.
///
/// ```
/// use novacron_telemetry::catalog::{GrpcCode, ProviderType};
/// use novacron_telemetry::record::ProviderCall;
///
/// ProviderCall::begin(ProviderType::Libvirt, "CreateVM").finish(GrpcCode::Ok);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the call was cancelled"]
pub struct ProviderCall<'a>(Held<Call<&'a str>>);

impl<'a> ProviderCall<'a> {
    /// A method of a provider is called.
    pub fn begin(provider_type: ProviderType, method: &'a str) -> Self {
        Self::begin_with(current::current(), provider_type, method)
    }

    /// A method of a provider is called; `recorder` records that.
    pub fn begin_with(recorder: Recorder, provider_type: ProviderType, method: &'a str) -> Self {
        let call = Call {
            provider_type,
            method,
        };
        Self(Held::new(recorder, call))
    }

    /// The call came back with this code, or ended like this.
    pub fn finish(self, code: impl Into<GrpcCode>) {
        self.0.finish(code.into());
    }
}

/// A call to a method of a provider.
#[derive(Debug)]
pub struct Call<T> {
    pub(super) provider_type: ProviderType,
    pub(super) method: T,
}

impl<T: AsRef<str>> Run for Call<T> {
    type Verdict = GrpcCode;
    type Measured = ();

    fn describe(&self, span: &mut FinishedSpan) {
        let (kind, method) = (self.provider_type.as_str(), self.method.as_ref());
        span.kind = SpanKind::Client;
        span.name = format!("{kind} {method}").into();
        span.set("peer.service", kind);
        span.set("provider.type", kind);
        span.set("rpc.method", method.to_owned());
    }

    fn begin(&self, _: &Recorder) {}

    fn end(self, recorder: &Recorder, begun: Moment, code: GrpcCode, (): ()) {
        let provider = &recorder.catalog().provider;
        let (provider_type, method) = (self.provider_type, self.method.as_ref());
        provider
            .provider_rpc_requests_total
            .inc(&ProviderCallLabelsRef {
                provider_type,
                method,
                code,
            });
        provider.provider_rpc_latency_seconds.observe(
            &ProviderMethodLabelsRef {
                provider_type,
                method,
            },
            Moment::now().since(begun),
        );
    }
}

/// A call to an outside service. Dropped without [`finish`](ExternalCall::finish), it counts as an
/// error.
///
/// ```
/// use novacron_telemetry::record::ExternalCall;
///
/// let call = ExternalCall::begin("billing");
/// let answer: Result<u32, ()> = Ok(200);
/// call.finish(answer.is_ok());
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the call counts as an error"]
pub struct ExternalCall<'a>(Held<Outside<&'a str>>);

impl<'a> ExternalCall<'a> {
    /// An outside service is called.
    pub fn begin(service: &'a str) -> Self {
        Self::begin_with(current::current(), service)
    }

    /// An outside service is called; `recorder` records that.
    pub fn begin_with(recorder: Recorder, service: &'a str) -> Self {
        Self(Held::new(recorder, Outside(service)))
    }

    /// It is over: whether it worked, or how it ended. All but a success counts as an error.
    pub fn finish(self, outcome: impl Into<Outcome>) {
        self.0.finish(outcome.into());
    }
}

/// A call to an outside service, by its name.
#[derive(Debug)]
pub struct Outside<T>(pub(super) T);

impl<T: AsRef<str>> Run for Outside<T> {
    type Verdict = Outcome;
    type Measured = ();

    fn describe(&self, span: &mut FinishedSpan) {
        let service = self.0.as_ref();
        span.kind = SpanKind::Client;
        span.name = format!("{service} call").into();
        span.set("peer.service", service.to_owned());
    }

    fn begin(&self, recorder: &Recorder) {
        let calls = &recorder.catalog().provider.external_calls_total;
        calls.touch_together(statuses(self.0.as_ref()));
    }

    fn end(self, recorder: &Recorder, begun: Moment, outcome: Outcome, (): ()) {
        let status = match outcome {
            Outcome::Success => CallStatus::Success,
            Outcome::Failure(_) | Outcome::Cancelled | Outcome::TimedOut => CallStatus::Error,
        };
        recorder.external_call(self.0.as_ref(), status, Moment::now().since(begun));
    }
}

impl Recorder {
    /// A call to an outside service ended.
    pub fn external_call(&self, service: &str, status: CallStatus, duration: impl Into<Seconds>) {
        let provider = &self.catalog().provider;
        provider.external_calls_total.inc_among(
            &ExternalCallLabelsRef { service, status },
            statuses(service),
        );
        provider
            .external_call_duration_seconds
            .observe(&ServiceLabelsRef { service }, duration);
    }
}

/// Both ways a call can end: a service's first error must be an increase.
fn statuses(service: &str) -> impl Iterator<Item = ExternalCallLabelsRef<'_>> {
    let labels = move |status| ExternalCallLabelsRef { service, status };
    CallStatus::ALL.iter().copied().map(labels)
}

/// An asynchronous task of a provider, unfinished until this is dropped.
///
/// ```
/// use novacron_telemetry::catalog::ProviderType;
/// use novacron_telemetry::record::ProviderTask;
///
/// let task = ProviderTask::begin(ProviderType::Vsphere, "vc-1");
/// drop(task);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the task is over"]
pub struct ProviderTask {
    _unfinished: InFlight,
}

impl ProviderTask {
    /// A provider was given a task.
    pub fn begin(provider_type: ProviderType, provider: &str) -> Self {
        Self::begin_with(&current::current(), provider_type, provider)
    }

    /// A provider was given a task; `recorder` records that.
    pub fn begin_with(recorder: &Recorder, provider_type: ProviderType, provider: &str) -> Self {
        let labels = ProviderLabelsRef {
            provider_type,
            provider,
        };
        let tasks = &recorder.catalog().provider.provider_tasks_inflight;
        Self {
            _unfinished: tasks.guard(&labels),
        }
    }
}

/// A VM got its first known address this long after it was asked for; the kind of provider is `""`
/// if there is none.
///
/// ```
/// novacron_telemetry::record::record_ip_discovery("libvirt", 8.5);
/// ```
pub fn record_ip_discovery(provider_type: &str, duration: impl Into<Seconds>) {
    let duration = duration.into();
    with_current(|recorder| {
        let provider_type = recorder.known_if_any(provider_type, ProviderType::parse);
        let discovery = &recorder.catalog().provider.ip_discovery_duration_seconds;
        discovery.observe(&ProviderTypeLabels { provider_type }, duration);
    });
}

/// Something failed: why (`Timeout`, `QuotaExceeded` and so on), in which component, and with which
/// kind of provider, or `""`.
///
/// ```
/// novacron_telemetry::record::record_error("ConnectionFailed", "manager", "vsphere");
/// ```
pub fn record_error(reason: &str, component: &str, provider_type: &str) {
    let reason = ErrorReason::from(reason);
    with_current(|recorder| {
        recorder
            .catalog()
            .provider
            .errors_total
            .inc(&ErrorLabelsRef {
                reason,
                component,
                provider_type: recorder.known_if_any(provider_type, ProviderType::parse),
            });
    });
}

/// Whether a provider answers.
///
/// ```
/// novacron_telemetry::record::update_provider_up("libvirt", "host-1", true);
/// ```
pub fn update_provider_up(provider_type: &str, provider: &str, up: bool) {
    with_current(|recorder| {
        with_provider(recorder, provider_type, provider, |labels| {
            let gauge = &recorder.catalog().provider.provider_up;
            gauge.set(labels, f64::from(up));
        });
    });
}

/// Calls `f` with the labels of a provider, if the catalog knows its kind.
pub(super) fn with_provider(
    recorder: &Recorder,
    provider_type: &str,
    provider: &str,
    f: impl FnOnce(&ProviderLabelsRef<'_>),
) {
    if let Some(provider_type) = recorder.known(ProviderType::parse(provider_type)) {
        f(&ProviderLabelsRef {
            provider_type,
            provider,
        });
    }
}

/// An outside service was called: `success` or `error`, and the time it took.
///
/// ```
/// novacron_telemetry::record::record_external_call("billing", "success", 0.08);
/// ```
pub fn record_external_call(service: &str, status: &str, duration: impl Into<Seconds>) {
    let (status, duration) = (CallStatus::from(status), duration.into());
    with_current(|recorder| recorder.external_call(service, status, duration));
}
