//! Where the attributes of the other kinds of work stand.

use super::database::Query;
use super::name::Name;
use super::provider::{Call, Outside};
use super::provisioner::Job;
use super::reconcile::Loop;
use super::returned::Stated;
use super::run::{Marked, Run};
use super::scheduler::Task;
use super::vm::Operation;
use super::{Begin, Recorder};
use crate::catalog::ProviderType;
use crate::catalog::database::DbOperation;
use crate::catalog::reconcile::ResourceKind;
use crate::catalog::vm::VmOperation;

/// Where an attribute stands: who records, and what the attribute said about the work.
#[derive(Debug)]
pub struct Site<R> {
    recorder: Recorder,
    run: R,
}

impl<R: Run> Begin for Site<R> {
    type Verdict = R::Verdict;
    type Measured = R::Measured;
    type Work = Marked<R>;

    fn begin(self) -> Marked<R> {
        Marked::new(self.recorder, self.run)
    }
}

/// Where an `#[instrument_query]` stands.
pub type QuerySite = Site<Query<Name>>;

impl QuerySite {
    /// A function that runs a statement on a table.
    pub fn new(
        recorder: Recorder,
        operation: impl Into<DbOperation>,
        table: impl AsRef<str>,
    ) -> Self {
        let run = Query {
            operation: operation.into(),
            table: Name::new(table.as_ref()),
        };
        Self { recorder, run }
    }
}

/// Where an `#[instrument_vm]` stands.
pub type VmSite = Site<Operation<Name>>;

impl VmSite {
    /// A function that does this with a VM.
    pub fn new(recorder: Recorder, operation: VmOperation) -> Self {
        let run = Operation::new(operation);
        Self { recorder, run }
    }

    /// The kind of hypervisor that is driven.
    #[must_use]
    pub fn provider_type(mut self, provider_type: impl Stated<ProviderType>) -> Self {
        self.run.provider_type = provider_type.stated();
        self
    }

    /// The name of the provider.
    #[must_use]
    pub fn provider(mut self, provider: impl AsRef<str>) -> Self {
        self.run.provider = Some(Name::new(provider.as_ref()));
        self
    }
}

/// Where an `#[instrument_job]` stands.
pub type JobSite = Site<Job>;

impl JobSite {
    /// A function that is a provisioning job.
    pub fn new(recorder: Recorder) -> Self {
        Self { recorder, run: Job }
    }
}

/// Where an `#[instrument_task]` stands.
pub type TaskSite = Site<Task<Name>>;

impl TaskSite {
    /// A function that is a run of this background job.
    pub fn new(recorder: Recorder, name: impl AsRef<str>) -> Self {
        let run = Task(Name::new(name.as_ref()));
        Self { recorder, run }
    }
}

/// Where an `#[instrument_reconcile]` stands.
pub type ReconcileSite = Site<Loop>;

impl ReconcileSite {
    /// A function that reconciles a resource of this kind.
    pub fn new(recorder: Recorder, kind: ResourceKind) -> Self {
        let run = Loop(kind);
        Self { recorder, run }
    }
}

/// Where an `#[instrument_provider_call]` stands.
pub type ProviderCallSite = Site<Call<Name>>;

impl ProviderCallSite {
    /// A function that calls this method of a provider.
    pub fn new(recorder: Recorder, provider_type: ProviderType, method: impl AsRef<str>) -> Self {
        let run = Call {
            provider_type,
            method: Name::new(method.as_ref()),
        };
        Self { recorder, run }
    }
}

/// Where an `#[instrument_external_call]` stands.
pub type ExternalCallSite = Site<Outside<Name>>;

impl ExternalCallSite {
    /// A function that calls this outside service.
    pub fn new(recorder: Recorder, service: impl AsRef<str>) -> Self {
        let run = Outside(Name::new(service.as_ref()));
        Self { recorder, run }
    }
}
