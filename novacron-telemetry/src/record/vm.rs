//! What is done to VMs.

use super::clock::Moment;
use super::current::with_current;
use super::run::{Held, Run};
use super::verdict::Ended;
use super::{Outcome, Recorder, current};
use crate::catalog::vm::{
    CreationFailureLabels, VmOperation, VmOperationLabelsRef, VmOperationTimeLabels, VmStateLabels,
};
use crate::catalog::{ErrorReason, OperationStatus, Provider, ProviderType, VmState};
use crate::context::{Class, FinishedSpan};
use crate::metric::Seconds;

/// An operation on a VM that is running. Dropped without [`finish`](VmWork::finish), it broke: its
/// status is `error`.
///
/// ```
/// use novacron_telemetry::catalog::vm::VmOperation;
/// use novacron_telemetry::record::{Outcome, VmWork};
///
/// VmWork::begin(VmOperation::Start).finish(Outcome::Success);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the operation counts as an error"]
pub struct VmWork(Held<Operation<Provider>>);

impl VmWork {
    /// An operation begins.
    pub fn begin(operation: VmOperation) -> Self {
        Self::begin_with(current::current(), operation)
    }

    /// An operation begins that is recorded by `recorder`.
    pub fn begin_with(recorder: Recorder, operation: VmOperation) -> Self {
        Self(Held::new(recorder, Operation::new(operation)))
    }

    /// The provider that carries it out: its name, or a [`Provider`] that is held and cloned, which
    /// allocates nothing.
    pub fn provider(mut self, provider_type: ProviderType, provider: impl Into<Provider>) -> Self {
        if let Some(running) = self.0.run() {
            running.provider_type = Some(provider_type);
            running.provider = Some(provider.into());
        }
        self
    }

    /// It is over: a failure is an operation that was refused or did not succeed, a time-out or a
    /// cancellation one that broke.
    pub fn finish(self, outcome: impl Into<Outcome>) {
        self.0.finish(outcome.into().into());
    }
}

/// An operation on a VM.
#[derive(Debug)]
pub struct Operation<T> {
    operation: VmOperation,
    pub(super) provider_type: Option<ProviderType>,
    pub(super) provider: Option<T>,
}

impl<T> Operation<T> {
    pub(super) fn new(operation: VmOperation) -> Self {
        Self {
            operation,
            provider_type: None,
            provider: None,
        }
    }
}

impl<T: AsRef<str>> Run for Operation<T> {
    type Verdict = Ended<ErrorReason>;
    type Measured = ();

    fn class(&self) -> Class {
        match self.operation {
            VmOperation::Migrate => Class::Migration,
            // It changes nothing.
            VmOperation::Describe => Class::Default,
            _ => Class::VmOperation,
        }
    }

    fn describe(&self, span: &mut FinishedSpan) {
        span.name = format!("vm.{}", self.operation.as_str()).into();
        if let Some(kind) = self.provider_type {
            span.set("provider.type", kind.as_str());
        }
        if let Some(provider) = &self.provider {
            span.set("provider.name", provider.as_ref().to_owned());
        }
    }

    fn begin(&self, _: &Recorder) {}

    fn end(self, recorder: &Recorder, begun: Moment, ended: Ended<ErrorReason>, (): ()) {
        let elapsed = Moment::now().since(begun);
        let (status, reason) = match ended {
            Ended::Success => (OperationStatus::Success, None),
            Ended::TimedOut | Ended::Failed(ErrorReason::Timeout) => {
                (OperationStatus::Error, Some(ErrorReason::Timeout))
            }
            Ended::Failed(reason) => (OperationStatus::Failure, Some(reason)),
            Ended::Cancelled | Ended::Panicked => {
                (OperationStatus::Error, Some(ErrorReason::Internal))
            }
        };
        recorder.vm_operation_by(
            self.operation,
            status,
            self.provider_type,
            self.provider.as_ref().map(T::as_ref),
            elapsed,
        );
        if let (VmOperation::Create, Some(reason)) = (self.operation, reason) {
            let failures = &recorder.catalog().vm.creation_failures_total;
            failures.inc(&CreationFailureLabels { reason });
        }
    }
}

impl Recorder {
    /// An operation on a VM finished.
    pub fn vm_operation(
        &self,
        operation: VmOperation,
        status: OperationStatus,
        duration: impl Into<Seconds>,
    ) {
        self.vm_operation_by(operation, status, None, None, duration);
        if operation == VmOperation::Create && status != OperationStatus::Success {
            let reason = ErrorReason::Internal;
            self.catalog()
                .vm
                .creation_failures_total
                .inc(&CreationFailureLabels { reason });
        }
    }

    fn vm_operation_by(
        &self,
        operation: VmOperation,
        status: OperationStatus,
        provider_type: Option<ProviderType>,
        provider: Option<&str>,
        duration: impl Into<Seconds>,
    ) {
        let vm = &self.catalog().vm;
        let labels = |status| VmOperationLabelsRef {
            operation,
            status,
            provider_type,
            provider,
        };
        let statuses = OperationStatus::ALL.iter().copied().map(labels);
        vm.operations_total.inc_among(&labels(status), statuses);
        vm.operation_duration_seconds.observe(
            &VmOperationTimeLabels {
                operation,
                provider_type,
            },
            duration,
        );
    }

    /// How many VMs are in this state.
    pub fn vm_count(&self, state: VmState, count: u64) {
        self.catalog()
            .vm
            .vms_total
            .set(&VmStateLabels { state }, count as f64);
    }
}

/// An operation on a VM finished: `create` and so on, and `success`, `failure` or `error`. An
/// operation that the catalog does not know is left out, and counted in
/// `novacron_telemetry_internal_errors_total`.
///
/// ```
/// novacron_telemetry::record::record_vm_operation("start", "success", 1.5);
/// ```
pub fn record_vm_operation(operation: &str, status: &str, duration: impl Into<Seconds>) {
    let status = OperationStatus::from(status);
    let duration = duration.into().get();
    with_current(|recorder| {
        if let Some(operation) = recorder.known(VmOperation::parse(operation)) {
            recorder.vm_operation(operation, status, duration);
        }
    });
}

/// How many VMs are in this state.
///
/// ```
/// novacron_telemetry::record::update_vm_count("running", 12);
/// ```
pub fn update_vm_count(state: &str, count: u64) {
    with_current(|recorder| recorder.vm_count(VmState::from(state), count));
}
