//! Every family that names a verb is written by that verb, called as its callers call it; what
//! names a layer or the library itself is written by those. The rest waits for its writer, and the
//! list of what waits is committed.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use novacron_telemetry::Registry;
use novacron_telemetry::catalog::api::Protocol;
use novacron_telemetry::catalog::database::DbOperation;
use novacron_telemetry::catalog::dwcp::{DwcpMode, Transport};
use novacron_telemetry::catalog::migration::MigrationPhase;
use novacron_telemetry::catalog::provisioner::{JobReason, ProvisioningStage};
use novacron_telemetry::catalog::reconcile::{ReconcileOutcome, ResourceKind};
use novacron_telemetry::catalog::support::BundleReason;
use novacron_telemetry::catalog::{Catalog, GrpcCode, MigrationError, ProviderType};
use novacron_telemetry::metric::{Descriptor, Writer};
use novacron_telemetry::record::*;
use novacron_telemetry::registry::{Groups, Snapshot};

/// A call of a verb that goes on for a while. What it returns is still going on: a gauge that is
/// back at 0 looks as if nobody wrote it.
type Guarded = fn() -> Box<dyn Any>;

/// Verbs that go on for a while, and how they are called.
const GUARDS: &[(&str, Guarded)] = &[
    ("ApiConnection", || {
        Box::new(ApiConnection::open(Protocol::Http2))
    }),
    ("BackgroundJob", || {
        BackgroundJob::begin("prune").finish(true);
        Box::new(())
    }),
    ("DatabaseQuery", || {
        let query = DatabaseQuery::begin(DbOperation::Select, "vms");
        query.rows_returned(3).rows_affected(2).finish(true);
        Box::new(())
    }),
    ("DwcpStream", || {
        DwcpStream::refused(Transport::Rdma, MigrationError::StreamFailed);
        let stream = DwcpStream::open(Transport::Tcp);
        stream.latency(0.01);
        stream.error(MigrationError::PacketLoss);
        stream.reconnected();
        Box::new(stream)
    }),
    ("Migration", || {
        let round = Round {
            copied: 1 << 30,
            dirtied: 1 << 20,
        };
        let run = Migration::new("a", "b").mode(DwcpMode::Hybrid).begin();
        run.enter(MigrationPhase::PreCopy);
        run.round(round);
        run.retried(MigrationError::Stalled);
        run.bytes(1 << 20);
        run.enter(MigrationPhase::Downtime);
        run.fail(MigrationError::StreamFailed);
        let run = Migration::new("a", "b").mode(DwcpMode::Hybrid).begin();
        run.enter(MigrationPhase::PreCopy);
        run.round(round);
        Box::new(run)
    }),
    ("ProviderCall", || {
        ProviderCall::begin(ProviderType::Libvirt, "CreateVM").finish(GrpcCode::Ok);
        Box::new(())
    }),
    ("ProviderTask", || {
        Box::new(ProviderTask::begin(ProviderType::Mock, "p"))
    }),
    ("ProvisioningJob", || {
        let job = ProvisioningJob::begin();
        job.stage(ProvisioningStage::Converting, 1 << 20, 2.0);
        job.fail(JobReason::NoSpace);
        Box::new(ProvisioningJob::begin())
    }),
    ("Reconcile", || {
        Reconcile::begin(ResourceKind::VmSet).finish(ReconcileOutcome::Success);
        Box::new(())
    }),
    ("SupportBundle", || {
        SupportBundle::begin("standard", "none").written(1 << 20);
        SupportBundle::begin("standard", "none").failed(BundleReason::NoSpace);
        Box::new(())
    }),
    ("UserSession", || {
        drop(UserSession::begin());
        Box::new(UserSession::begin())
    }),
    ("WebSocketSession", || {
        let session = WebSocketSession::open("/console");
        session.sent();
        Box::new(session)
    }),
    ("WorkQueue", || {
        let queue = WorkQueue::new(ResourceKind::Provider);
        queue.added();
        queue.waiting(1, 0.5);
        queue.taken(0.5).processed();
        queue.taken(0.1).put_back();
        Box::new(queue.taken(0.2))
    }),
];

/// Every other verb that the catalog names, and how it is called.
pub(crate) const VERBS: &[(&str, fn())] = &[
    ("record_alert", || {
        record_alert("critical", "database", "firing");
    }),
    ("record_alert_resolution", || {
        record_alert_resolution("critical", 60.0);
    }),
    ("record_allocation_failure", || {
        record_allocation_failure("memory");
    }),
    ("record_api_usage", || record_api_usage("u1", "/vms")),
    ("record_auth_failure", || record_auth_failure("expired")),
    ("record_backup", || {
        record_backup("database", "completed", 9.0);
    }),
    ("record_billable_time", || record_billable_time("t1", 60.0)),
    ("record_circuit_breaker_failure", || {
        record_circuit_breaker_failure("libvirt", "p");
    }),
    ("record_data_pipeline_failure", || {
        record_data_pipeline_failure("nightly");
    }),
    ("record_database_cache", || {
        record_database_cache("vms", true);
        record_database_cache("vms", false);
    }),
    ("record_database_connection_error", || {
        record_database_connection_error("default");
    }),
    ("record_database_deadlock", record_database_deadlock),
    ("record_database_query", || {
        record_database_query("SELECT", "vms", "error", 9.0);
    }),
    ("record_database_transaction", || {
        record_database_transaction("rollback", 0.1);
    }),
    ("record_database_wait", || {
        record_database_wait("default", 5.0, true);
    }),
    ("record_docs_publish", record_docs_publish),
    ("record_docs_search", || record_docs_search("empty")),
    ("record_dwcp_anomaly", || {
        record_dwcp_anomaly("latency", "warning");
    }),
    ("record_dwcp_compression", || {
        record_dwcp_compression("zstd", 4096, 1024);
    }),
    ("record_dwcp_congestion", || {
        record_dwcp_congestion("internet");
    }),
    ("record_dwcp_consensus", || {
        record_dwcp_consensus("reached");
        record_dwcp_consensus("timeout");
        record_dwcp_consensus("byzantine");
    }),
    ("record_dwcp_mode_latency", || {
        record_dwcp_mode_latency("hybrid", 0.2);
    }),
    ("record_dwcp_operation", || {
        record_dwcp_operation("hde", "compression", "failed", 0.1);
    }),
    ("record_dwcp_sync", || record_dwcp_sync("eu", 1 << 20, 2.0)),
    ("record_error", || {
        record_error("Timeout", "manager", "libvirt");
    }),
    ("record_external_call", || {
        record_external_call("billing", "success", 0.1);
    }),
    ("record_failure_detection", || {
        record_failure_detection("heartbeat");
    }),
    ("record_glossary_hit", || record_glossary_hit("NC-1")),
    ("record_image_cache", || {
        record_image_cache(true);
        record_image_cache(false);
    }),
    ("record_image_download", || {
        record_image_download("qcow2", 1 << 30);
    }),
    ("record_image_error", || {
        record_image_error("convert", "no_space");
    }),
    ("record_image_prepare", || {
        record_image_prepare("libvirt", "success");
    }),
    ("record_inference", || {
        record_inference(MODEL, "timeout", 0.1);
    }),
    ("record_ip_discovery", || record_ip_discovery("", 3.0)),
    ("record_job_store", || record_job_store("update", "timeout")),
    ("record_libvirt_connection", || {
        record_libvirt_connection("host-1");
    }),
    ("record_login", || record_login("failure")),
    ("record_ml_scrape", || record_ml_scrape("timeout", 5.0)),
    ("record_placement", || record_placement("success", 0.1)),
    ("record_provisioner_request", || {
        record_provisioner_request("/jobs", "GET", 200, 0.1);
    }),
    ("record_queue_wait", || record_queue_wait(0.1)),
    ("record_service_start", || {
        record_service_start("scheduler");
        record_service_start("scheduler");
    }),
    ("record_storage_operation", || {
        record_storage_operation("ssd", "create", "success", 1.0);
    }),
    ("record_storage_transfer", || {
        record_storage_transfer("ssd", "read", 4096);
    }),
    ("record_support_ticket", || record_support_ticket("high")),
    ("record_training", || {
        record_training(MODEL, "failed", "data_error", 10.0);
    }),
    ("record_validation_failure", || {
        record_validation_failure("/vms");
    }),
    ("record_vm_clone", || {
        record_vm_clone(true, "libvirt", "success");
    }),
    ("record_vm_event", || record_vm_event("crashed")),
    ("record_vm_migration", || {
        record_vm_migration("live", "failed", "stalled", 10.0);
    }),
    ("record_vm_operation", || {
        record_vm_operation("create", "failure", 10.0);
    }),
    ("record_vm_provisioned", || record_vm_provisioned("t1")),
    ("record_vm_reconfigure", || {
        record_vm_reconfigure("", "success");
    }),
    ("record_vm_snapshot", || {
        record_vm_snapshot("create", "libvirt", "success");
    }),
    ("record_vm_transition", || {
        record_vm_transition("starting", "running");
    }),
    ("record_vsphere_call", || {
        record_vsphere_call("CloneVM_Task", "dc");
    }),
    ("record_vsphere_session", || record_vsphere_session("dc")),
    ("record_workflow_stage", || {
        record_workflow_stage("nightly", "train", "failed", "timeout", 10.0);
    }),
    ("update_active_alerts", || {
        update_active_alerts("critical", "database", 1);
    }),
    ("update_active_tenants", || update_active_tenants(3)),
    ("update_active_users", || update_active_users(3)),
    ("update_capacity_used", || update_capacity_used("cpu", 0.5)),
    ("update_circuit_breaker", || {
        update_circuit_breaker("libvirt", "p", "open");
    }),
    ("update_concurrency_limit", || update_concurrency_limit(64)),
    ("update_data_drift", || {
        update_data_drift("m", "d", "overall", 0.1);
    }),
    ("update_data_quality", || update_data_quality("d", 0.9)),
    ("update_database_connections", || {
        update_database_connections("default", 1, 2, 3);
    }),
    ("update_database_replication_lag", || {
        update_database_replication_lag("r1", 0.2);
    }),
    ("update_database_up", || update_database_up("default", true)),
    ("update_dependency", || update_dependency("minio", false)),
    ("update_docs_search_failure_ratio", || {
        update_docs_search_failure_ratio(0.1);
    }),
    ("update_dwcp_bandwidth", || {
        update_dwcp_bandwidth("l1", 50.0);
    }),
    ("update_dwcp_component_health", || {
        update_dwcp_component_health("acp", "degraded");
    }),
    ("update_dwcp_delta_hits", || update_dwcp_delta_hits(0.5)),
    ("update_dwcp_mode", || {
        update_dwcp_mode("internet");
        update_dwcp_mode("hybrid");
    }),
    ("update_dwcp_packet_loss", || {
        update_dwcp_packet_loss("l1", 0.01);
    }),
    ("update_dwcp_prediction_accuracy", || {
        update_dwcp_prediction_accuracy("hybrid", 0.9);
    }),
    ("update_endpoint_up", || update_endpoint_up("/vms", true)),
    ("update_feature_importance", || {
        update_feature_importance("m", "1", "f", 0.1);
    }),
    ("update_leader", || update_leader(true)),
    ("update_migrations_per_hour", || {
        update_migrations_per_hour(4.0);
    }),
    ("update_model_deployments", || {
        update_model_deployments("m", "production", 2);
    }),
    ("update_model_gpu", || update_model_gpu(MODEL, "0", 20.0)),
    ("update_model_loss", || {
        update_model_loss(MODEL, "training", 0.1);
    }),
    ("update_model_quality", || {
        update_model_quality(
            MODEL,
            ModelQuality {
                accuracy: Some(0.9),
                precision: Some(0.8),
                recall: Some(0.7),
                f1_score: Some(0.75),
            },
        );
    }),
    ("update_model_resources", || {
        update_model_resources(MODEL, 1 << 30, 80.0);
    }),
    ("update_model_status", || {
        update_model_status(MODEL, "serving", 60.0);
    }),
    ("update_model_versions", || update_model_versions("m", 2)),
    ("update_pipeline_health", || {
        update_pipeline_health("nightly", "training", true);
    }),
    ("update_provider_up", || {
        update_provider_up("libvirt", "p", true);
    }),
    ("update_provisioner_dependency", || {
        update_provisioner_dependency("minio", true);
    }),
    ("update_provisioner_health", || {
        update_provisioner_health(true);
    }),
    ("update_provisioner_queue", || {
        update_provisioner_queue(1, 2);
    }),
    ("update_quota_usage", || {
        update_quota_usage("t1", "disk", 0.4);
    }),
    ("update_service_availability", || {
        update_service_availability("api", true);
        update_service_availability("api", false);
    }),
    ("update_slo", || update_slo("availability", 0.999, 0.4)),
    ("update_storage_pool", || {
        update_storage_pool("ssd", 2, 1, Some(1.5));
    }),
    ("update_vm_count", || update_vm_count("running", 3)),
    ("update_workflow_success", || {
        update_workflow_success("nightly", "train", 0.9);
    }),
];

const MODEL: ModelRef<'static> = ModelRef::new("m", "1", "production");

/// A recorder that shows everything, what is opt-in included.
fn everything() -> (Registry, Recorder) {
    let opt_in = Catalog::descriptors().filter(|family| family.opt_in);
    let registry = opt_in
        .fold(Registry::builder(), |builder, family| {
            builder.opt_in(family.name)
        })
        .build();
    let catalog = Catalog::register(&registry, Groups::ALL).unwrap();
    (registry, Recorder::new(catalog, Settings::default()))
}

/// The families that show something else than before.
fn changed<'a>(before: &'a Snapshot, after: &'a Snapshot) -> BTreeSet<&'a str> {
    after
        .families()
        .map(|(name, _)| name)
        .filter(|name| before.series(name) != after.series(name))
        .collect()
}

/// What of a verb's families it did not write.
fn silent(verb: &str, call: impl FnOnce(&Recorder) -> Box<dyn Any>) -> Vec<String> {
    let (registry, recorder) = everything();
    let before = registry.snapshot();
    let going_on = call(&recorder);
    let after = registry.snapshot();
    drop(going_on);
    let faults = after.sum("novacron_telemetry_internal_errors_total", &[]);
    assert_eq!(
        faults, 0.0,
        "{verb} was given a word that the catalog does not know"
    );
    let changed = changed(&before, &after);
    let of_verb = |family: &&Descriptor| matches!(family.writer, Writer::Verb(by) if by == verb);
    let families: Vec<_> = Catalog::descriptors().filter(of_verb).collect();
    assert!(!families.is_empty(), "no family names {verb}");
    families
        .into_iter()
        .filter(|family| !changed.contains(family.name))
        .map(|family| format!("{} by {verb}", family.name))
        .collect()
}

#[test]
fn every_verb_writes_every_family_that_names_it() {
    let verbs = VERBS.iter().flat_map(|(verb, call)| {
        silent(verb, |recorder| {
            recorder.in_scope(call);
            Box::new(())
        })
    });
    let guards = GUARDS
        .iter()
        .flat_map(|(verb, call)| silent(verb, |recorder| recorder.in_scope(call)));
    let silent: Vec<_> = verbs.chain(guards).collect();
    assert!(silent.is_empty(), "never written:\n{}", silent.join("\n"));
}

#[test]
fn every_verb_that_a_family_names_exists() {
    let names = VERBS.iter().map(|(verb, _)| *verb);
    let names: Vec<_> = names.chain(GUARDS.iter().map(|(verb, _)| *verb)).collect();
    let known: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(known.len(), names.len(), "a verb is in the tables twice");
    let missing: BTreeSet<_> = Catalog::descriptors()
        .filter_map(|family| match family.writer {
            Writer::Verb(verb) if !known.contains(verb) => Some(verb),
            _ => None,
        })
        .collect();
    assert!(
        missing.is_empty(),
        "named by the catalog, and not written: {missing:?}"
    );
}

/// Groups that are written by what a service says, and by nothing else.
const SAID: &[&str] = &[
    "dwcp",
    "migration",
    "database",
    "vm",
    "business",
    "support",
    "provisioner",
    "scheduler",
    "reconcile",
    "provider",
    "ml",
];

/// The documentation, as it is read.
const METRICS: &str = include_str!("../../../docs/metrics.md");

#[test]
fn every_family_of_these_groups_is_written_by_the_verb_that_the_documentation_names() {
    let (mut wrong, mut written) = (Vec::new(), BTreeMap::new());
    for said in SAID {
        let group = Catalog::GROUPS.iter().find(|group| group.name == *said);
        let families = group.unwrap_or_else(|| panic!("no group {said}")).families;
        println!("{said}: {} families", families.len());
        for family in families {
            let name = family.name;
            let Writer::Verb(verb) = family.writer else {
                wrong.push(format!("{name}: written by {:?}, no verb", family.writer));
                continue;
            };
            println!("  {name} by {verb}");
            let documented = METRICS
                .lines()
                .find(|line| line.starts_with(&format!("| `{name}`<br>")));
            if !documented.is_some_and(|line| line.contains(&format!("| verb `{verb}` |"))) {
                wrong.push(format!("{name}: docs/metrics.md does not name {verb}"));
            }
            if !is_called(verb) {
                wrong.push(format!(
                    "{name}: {verb} stands in the tables and is not called"
                ));
            }
            let written = written.entry(verb).or_insert_with(|| written_by(verb));
            if !written.contains(name) {
                wrong.push(format!("{name}: {verb} does not write it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether what stands in the tables under a verb's name calls that verb.
fn is_called(verb: &str) -> bool {
    const SOURCE: &str = include_str!("writers.rs");
    let Some((_, entry)) = SOURCE.split_once(&format!("(\"{verb}\", ")) else {
        return false;
    };
    let entry = entry.split("\n    (\"").next().unwrap_or_default();
    let mut words = entry.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word == verb)
}

/// The families that a verb writes, called as the tables call it.
fn written_by(verb: &str) -> BTreeSet<String> {
    let (registry, recorder) = everything();
    let before = registry.snapshot();
    let going_on: Box<dyn Any> = recorder.in_scope(|| {
        let guard = GUARDS.iter().find(|(name, _)| *name == verb);
        let free = VERBS.iter().find(|(name, _)| *name == verb);
        match (guard, free) {
            (Some((_, call)), None) => call(),
            (None, Some((_, call))) => {
                call();
                Box::new(())
            }
            _ => panic!("{verb} has to stand in one of the tables"),
        }
    });
    let after = registry.snapshot();
    drop(going_on);
    let names = changed(&before, &after).into_iter();
    names.map(str::to_owned).collect()
}
