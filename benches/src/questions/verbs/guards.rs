//! Verbs that go on for a while: each is begun and ended, with both readings of the clock.

use std::hint::black_box;

use novacron_telemetry::catalog::api::Protocol;
use novacron_telemetry::catalog::database::DbOperation;
use novacron_telemetry::catalog::dwcp::{DwcpMode, Transport};
use novacron_telemetry::catalog::provisioner::{JobReason, ProvisioningStage};
use novacron_telemetry::catalog::reconcile::{ReconcileOutcome, ResourceKind};
use novacron_telemetry::catalog::vm::VmOperation;
use novacron_telemetry::catalog::{GrpcCode, ProviderType};
use novacron_telemetry::record::*;

use super::Run;

macro_rules! guards {
    ($($name:literal: $work:expr;)*) => {
        pub(super) const GUARDS: &[(&str, Run)] = &[$(
            ($name, |n| {
                for _ in 0..n {
                    $work;
                }
            }),
        )*];
    };
}

guards! {
    "ApiConnection": drop(ApiConnection::open(black_box(Protocol::Http2)));
    "BackgroundJob": BackgroundJob::begin(black_box("prune")).finish(true);
    "Backup": Backup::begin(black_box("database")).completed();
    "CircuitBreaker": CircuitBreaker::new(black_box(ProviderType::Libvirt), black_box("host-1")).failed();
    "DatabaseQuery": DatabaseQuery::begin(black_box(DbOperation::Select), black_box("vms")).rows_returned(3).finish(true);
    "DatabaseQuery, dropped": drop(DatabaseQuery::begin(black_box(DbOperation::Select), black_box("vms")));
    "DwcpStream": DwcpStream::open(black_box(Transport::Tcp)).latency(0.003);
    "Migration": Migration::new(black_box("node-1"), black_box("node-2")).mode(DwcpMode::Hybrid).begin().finish(Outcome::Success);
    "Migration, in one go": Migration::new(black_box("node-1"), black_box("node-2")).mode(DwcpMode::Hybrid).finish(Outcome::Success, 42.0);
    "ProviderCall": ProviderCall::begin(black_box(ProviderType::Libvirt), black_box("CreateVM")).finish(GrpcCode::Ok);
    "ProviderTask": drop(ProviderTask::begin(black_box(ProviderType::Vsphere), black_box("vc-1")));
    "ProvisioningJob": ProvisioningJob::begin().complete();
    "ProvisioningJob, a stage and a failure": {
        let job = ProvisioningJob::begin();
        job.stage(black_box(ProvisioningStage::Converting), 1 << 20, 2.0);
        job.fail(black_box(JobReason::NoSpace));
    };
    "Reconcile": Reconcile::begin(black_box(ResourceKind::VmSet)).finish(ReconcileOutcome::Success);
    "SupportBundle": SupportBundle::begin(black_box("standard"), black_box("strict")).written(3 << 20);
    "UserSession": drop(UserSession::begin());
    "VmWork": VmWork::begin(black_box(VmOperation::Start)).finish(Outcome::Success);
    "WebSocketSession": WebSocketSession::open(black_box("/api/v1/console")).sent();
    "WorkQueue": WorkQueue::new(black_box(ResourceKind::VmSnapshot)).taken(0.2).processed();
}
