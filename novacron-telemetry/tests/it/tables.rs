//! Every verb, guard and handle that the catalog names, called as its callers call it. The test of
//! what they write and the test of what they allocate both go through these tables.

use novacron_telemetry::catalog::api::Protocol;
use novacron_telemetry::catalog::database::DbOperation;
use novacron_telemetry::catalog::dwcp::{DwcpMode, Transport};
use novacron_telemetry::catalog::migration::MigrationPhase;
use novacron_telemetry::catalog::provisioner::{JobReason, ProvisioningStage};
use novacron_telemetry::catalog::reconcile::{ReconcileOutcome, ResourceKind};
use novacron_telemetry::catalog::support::BundleReason;
use novacron_telemetry::catalog::{GrpcCode, MigrationError, ProviderType};
use novacron_telemetry::record::*;

/// A call of a verb that goes on for a while. In the middle of it, it calls what it is given: a
/// gauge that is back at 0 looks as if nobody wrote it.
pub(crate) type Guarded = fn(meanwhile: &mut dyn FnMut());

/// Verbs that go on for a while, and how they are called.
pub(crate) const GUARDS: &[(&str, Guarded)] = &[
    ("ApiConnection", |meanwhile| {
        let _going_on = ApiConnection::open(Protocol::Http2);
        meanwhile();
    }),
    ("BackgroundJob", |meanwhile| {
        BackgroundJob::begin("prune").finish(true);
        meanwhile();
    }),
    ("DatabaseQuery", |meanwhile| {
        let query = DatabaseQuery::begin(DbOperation::Select, "vms");
        query.rows_returned(3).rows_affected(2).finish(true);
        meanwhile();
    }),
    ("DwcpStream", |meanwhile| {
        DwcpStream::refused(Transport::Rdma, MigrationError::StreamFailed);
        let stream = DwcpStream::open(Transport::Tcp);
        stream.latency(0.01);
        stream.error(MigrationError::PacketLoss);
        stream.reconnected();
        meanwhile();
        drop(stream);
    }),
    ("Migration", |meanwhile| {
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
        meanwhile();
        drop(run);
    }),
    ("ProviderCall", |meanwhile| {
        ProviderCall::begin(ProviderType::Libvirt, "CreateVM").finish(GrpcCode::Ok);
        meanwhile();
    }),
    ("ProviderTask", |meanwhile| {
        let _going_on = ProviderTask::begin(ProviderType::Mock, "p");
        meanwhile();
    }),
    ("ProvisioningJob", |meanwhile| {
        let job = ProvisioningJob::begin();
        job.stage(ProvisioningStage::Converting, 1 << 20, 2.0);
        job.fail(JobReason::NoSpace);
        let _going_on = ProvisioningJob::begin();
        meanwhile();
    }),
    ("Reconcile", |meanwhile| {
        Reconcile::begin(ResourceKind::VmSet).finish(ReconcileOutcome::Success);
        meanwhile();
    }),
    ("SupportBundle", |meanwhile| {
        SupportBundle::begin("standard", "none").written(1 << 20);
        SupportBundle::begin("standard", "none").failed(BundleReason::NoSpace);
        meanwhile();
    }),
    ("UserSession", |meanwhile| {
        drop(UserSession::begin());
        let _going_on = UserSession::begin();
        meanwhile();
    }),
    ("WebSocketSession", |meanwhile| {
        let session = WebSocketSession::open("/console");
        session.sent();
        meanwhile();
        drop(session);
    }),
    ("WorkQueue", |meanwhile| {
        let queue = WorkQueue::new(ResourceKind::Provider);
        queue.added();
        queue.waiting(1, 0.5);
        queue.taken(0.5).processed();
        queue.taken(0.1).put_back();
        let _going_on = queue.taken(0.2);
        meanwhile();
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
