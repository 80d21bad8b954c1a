//! Every argument of the attributes for other work, on functions of every shape.

use std::future::Future;
use std::pin::Pin;

use novacron_telemetry::catalog::database::DbOperation;
use novacron_telemetry::catalog::provisioner::JobReason;
use novacron_telemetry::catalog::reconcile::{ReconcileOutcome, ResourceKind};
use novacron_telemetry::catalog::vm::VmOperation;
use novacron_telemetry::catalog::{ErrorReason, GrpcCode, Provider, ProviderType, Status};
use novacron_telemetry::record::{Failure, Outcome, Recorder};
use novacron_telemetry::{
    instrument_external_call, instrument_job, instrument_provider_call, instrument_query,
    instrument_reconcile, instrument_task, instrument_vm,
};

#[derive(Debug, PartialEq)]
struct Broken;

impl Broken {
    fn failure(&self) -> Failure {
        Failure::INTERNAL
    }

    fn status(&self) -> Status {
        Status::new(503)
    }

    fn reason(&self) -> ErrorReason {
        ErrorReason::Conflict
    }

    fn code(&self) -> GrpcCode {
        GrpcCode::DataLoss
    }
}

struct Done {
    rows: u64,
}

// A literal, an expression, a text to be read, and what the body takes.
#[instrument_query(operation = "DDL", table = "vms", error = Broken::status)]
fn ddl() -> Result<(), Broken> {
    Ok(())
}

#[instrument_query(
    operation = DbOperation::Select,
    table = &table,
    rows_returned = Vec::len,
    rows_affected = |rows| rows.len() as u32,
    error = Broken::failure,
)]
async fn select(table: String) -> Result<Vec<u8>, Broken> {
    Ok(table.into_bytes())
}

#[instrument_query(operation = verb, table = std::sync::Arc::<str>::from("vms"), rows_affected = |done| done.rows)]
fn any(verb: &str) -> Result<Done, Broken> {
    Ok(Done { rows: verb.len() as u64 })
}

struct Host {
    telemetry: Recorder,
    provider: Option<(ProviderType, Provider)>,
}

impl Host {
    #[instrument_vm(
        operation = "image_prepare",
        provider_type = self.provider.as_ref().map(|provider| provider.0),
        provider = self.provider.as_ref().map_or("", |provider| provider.1.as_str()),
        error = Broken::reason,
        telemetry = self.telemetry,
    )]
    async fn prepare<'a>(&mut self, image: &'a str) -> Result<&'a str, Broken> {
        self.provider = None;
        Ok(image)
    }

    #[instrument_vm(operation = operation, outcome = |done| *done, telemetry = &self.telemetry)]
    fn work(&self, operation: VmOperation) -> bool {
        operation == VmOperation::Start
    }
}

#[instrument_job]
fn silent() {}

#[instrument_job(error = |_| JobReason::Lvm)]
fn returned() -> Pin<Box<dyn Future<Output = Result<u8, Broken>> + Send>> {
    Box::pin(async move { Err(Broken) })
}

#[instrument_job(error = Broken::failure)]
async fn job() -> Result<impl Iterator<Item = u8>, Broken> {
    Ok([1].into_iter())
}

#[instrument_task]
fn r#loop() -> Outcome {
    Outcome::Cancelled
}

#[instrument_task(name = format!("reap_{zone}"), error = Broken::failure)]
async fn reap<T: std::fmt::Display>(zone: T) -> Result<T, Broken> {
    Ok(zone)
}

#[instrument_reconcile(kind = "VMPlacementPolicy", error = Broken::failure)]
async fn policy() -> Result<(), Broken> {
    Ok(())
}

#[instrument_reconcile(kind = kind, outcome = |_| ReconcileOutcome::Requeue)]
fn again(kind: ResourceKind) -> u8 {
    kind as u8
}

#[instrument_reconcile(kind = "Provider", outcome = |_| Outcome::TimedOut)]
fn late() -> u8 {
    1
}

#[instrument_provider_call(provider_type = "mock", method = "Describe", error = Broken::code)]
async fn describe() -> Result<(), Broken> {
    Err(Broken)
}

#[instrument_provider_call(provider_type = ProviderType::Qemu, method = String::from("Clone"), outcome = |code| *code)]
fn clone() -> GrpcCode {
    GrpcCode::Aborted
}

#[instrument_external_call(service = "billing", outcome = Outcome::from_option)]
fn invoice() -> Option<u8> {
    None
}

fn main() {
    assert_eq!(ddl(), Ok(()));
    assert_eq!(any("insert").unwrap().rows, 6);
    let mut host = Host { telemetry: Recorder::noop(), provider: None };
    assert!(host.work(VmOperation::Start));
    silent();
    assert_eq!(r#loop(), Outcome::Cancelled);
    assert_eq!(again(ResourceKind::VmSet), ResourceKind::VmSet as u8);
    assert_eq!(late(), 1);
    assert_eq!(clone(), GrpcCode::Aborted);
    assert_eq!(invoice(), None);
    fn send<T: Send>(_: &T) {}
    let _futures = (select("a".to_owned()), returned(), job(), reap(1), policy(), describe());
    send(&_futures);
    let prepared = host.prepare("a");
    send(&prepared);
}
