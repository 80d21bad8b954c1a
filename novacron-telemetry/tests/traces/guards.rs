//! Each kind of work has its span, with the documented name, kind and attributes.

use std::time::Duration;

use novacron_telemetry::catalog::database::DbOperation;
use novacron_telemetry::catalog::provisioner::ProvisioningStage;
use novacron_telemetry::catalog::vm::VmOperation;
use novacron_telemetry::catalog::{GrpcCode, ProviderType};
use novacron_telemetry::context::{Class, SamplingRates};
use novacron_telemetry::prelude::*;
use novacron_telemetry::record::{
    BackgroundJob, DatabaseQuery, ExternalCall, ProviderCall, ProvisioningJob, VmWork,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use crate::receiver::{Receiver, sum, telemetry, text};

fn all() -> SamplingRates {
    SamplingRates {
        default: 1.0,
        database: 1.0,
        ..SamplingRates::default()
    }
}

/// What a recorded piece of work sends.
fn spans(work: impl FnOnce()) -> Vec<Span> {
    let receiver = Receiver::start();
    let telemetry = telemetry(receiver.traces().rates(all()));
    telemetry.scope(work);
    assert_eq!(telemetry.flush_traces(Duration::from_secs(5)).waiting, 0);
    receiver.spans()
}

#[track_caller]
fn assert_span(work: impl FnOnce(), name: &str, kind: SpanKind, says: &[(&str, &str)]) -> Span {
    let mut spans = spans(work);
    let span = spans.pop().expect("a span");
    assert!(spans.is_empty());
    assert_eq!((&*span.name, span.kind()), (name, kind));
    for (key, value) in says {
        assert_eq!(
            text(&span.attributes, key).as_deref(),
            Some(*value),
            "{name}"
        );
    }
    span
}

#[test]
fn spans_are_called_what_the_documents_call_them() {
    use SpanKind::{Client, Internal};
    assert_span(
        || DatabaseQuery::begin(DbOperation::Select, "vms").finish(true),
        "database_query",
        Client,
        &[
            ("db.operation", "SELECT"),
            ("db.collection", "vms"),
            ("outcome", "success"),
        ],
    );
    assert_span(
        || {
            VmWork::begin(VmOperation::Start)
                .provider(ProviderType::Libvirt, "host-1")
                .finish(Outcome::Success);
        },
        "vm.start",
        Internal,
        &[("provider.type", "libvirt"), ("provider.name", "host-1")],
    );
    assert_span(
        || BackgroundJob::begin("prune_snapshots").finish(true),
        "job.prune_snapshots",
        Internal,
        &[("outcome", "success")],
    );
    assert_span(
        || ExternalCall::begin("billing").finish(true),
        "billing call",
        Client,
        &[("peer.service", "billing")],
    );
    let call = assert_span(
        || ProviderCall::begin(ProviderType::Libvirt, "CreateVM").finish(GrpcCode::Unavailable),
        "libvirt CreateVM",
        Client,
        &[
            ("peer.service", "libvirt"),
            ("rpc.method", "CreateVM"),
            ("error.type", "UNAVAILABLE"),
        ],
    );
    assert_eq!(call.status.unwrap().code(), StatusCode::Error);
    assert_eq!(call.events[0].name, "exception");
    let dropped = assert_span(
        || drop(BackgroundJob::begin("rebalance")),
        "job.rebalance",
        Internal,
        &[("outcome", "cancelled")],
    );
    assert_eq!(dropped.status.unwrap().code(), StatusCode::Error);
}

#[test]
fn stages_of_a_provisioning_job_stand_inside_it() {
    let spans = spans(|| {
        let job = ProvisioningJob::begin();
        job.stage(ProvisioningStage::Downloading, 1 << 20, 0.25);
        job.stage(ProvisioningStage::Populating, 1 << 20, 0.5);
        job.complete();
    });
    let [download, populate, job] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(
        [&*download.name, &*populate.name, &*job.name],
        ["DownloadImage", "PopulateVolume", "runJob"]
    );
    assert_eq!(
        [&download.parent_span_id, &populate.parent_span_id],
        [&job.span_id; 2]
    );
    assert_eq!(
        download.end_time_unix_nano - download.start_time_unix_nano,
        250_000_000
    );
}

#[instrument_migration(source = "node-1", destination = "node-2")]
async fn migrate() -> std::io::Result<()> {
    DatabaseQuery::begin(DbOperation::Update, "vms").finish(true);
    Ok(())
}

#[instrument_api(endpoint = "/api/v1/migrations", method = "POST")]
async fn start() -> std::io::Result<()> {
    migrate().await
}

#[test]
fn marked_functions_are_parents_of_what_they_do() {
    let spans = spans(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(start()).unwrap();
    });
    let [query, migration, request] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(request.name, "POST /api/v1/migrations");
    assert_eq!(
        (&*migration.name, &migration.parent_span_id),
        ("dwcp_migration", &request.span_id)
    );
    assert_eq!(
        (&*query.name, &query.parent_span_id),
        ("database_query", &migration.span_id)
    );
    assert!(request.parent_span_id.is_empty());
}

#[test]
fn queries_are_sampled_at_their_own_roots_and_obey_a_parent() {
    const QUERIES: u32 = 20_000;
    let receiver = Receiver::start();
    let telemetry = telemetry(receiver.traces().queue(100_000));
    telemetry.scope(|| {
        for _ in 0..QUERIES {
            DatabaseQuery::begin(DbOperation::Select, "vms").finish(true);
        }
    });
    let sampled = [("sampling_class", "database"), ("decision", "sampled")];
    let kept = sum(&telemetry, "novacron_traces_spans_total", &sampled);
    let (half, allowed) = (
        f64::from(QUERIES) / 2.0,
        5.0 * (f64::from(QUERIES) / 4.0).sqrt(),
    );
    assert!((kept - half).abs() < allowed, "{kept}");
    telemetry.flush_traces(Duration::from_secs(30));
    assert_eq!(receiver.spans().len() as f64, kept);
    // Inside a request that is not kept, none is.
    let rates = SamplingRates {
        default: 0.0,
        ..all()
    };
    let quiet =
        crate::receiver::telemetry(receiver.traces().rates(rates).sample(Class::Database, 0.9));
    quiet.scope(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(list()).unwrap();
    });
    let dropped = [("sampling_class", "parent"), ("decision", "dropped")];
    assert_eq!(sum(&quiet, "novacron_traces_spans_total", &dropped), 100.0);
}

#[instrument_api(endpoint = "/api/v1/vms", method = "GET")]
async fn list() -> std::io::Result<()> {
    for _ in 0..100 {
        DatabaseQuery::begin(DbOperation::Select, "vms").finish(true);
    }
    Ok(())
}
