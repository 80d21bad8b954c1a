//! Verbs of a moment: free functions.

use std::hint::black_box;

use novacron_telemetry::record::*;

use super::Run;

/// One verb with its arguments, none of which the compiler may look into.
macro_rules! verbs {
    ($($verb:ident($($argument:expr),*);)*) => {
        pub(super) const VERBS: &[(&str, Run)] = &[$(
            (stringify!($verb), |n| {
                for _ in 0..n {
                    $verb($(black_box($argument)),*);
                }
            }),
        )*];
    };
}

const MODEL: ModelRef<'static> = ModelRef::new("placement", "7", "production");

const QUALITY: ModelQuality = ModelQuality {
    accuracy: Some(0.9),
    precision: Some(0.8),
    recall: Some(0.7),
    f1_score: Some(0.75),
};

verbs! {
    record_alert("critical", "database", "firing");
    record_alert_resolution("critical", 60.0);
    record_allocation_failure("memory");
    record_api_error("GET", "/api/v1/vms/{id}", "unavailable");
    record_api_request("GET", "/api/v1/vms/{id}", 200, 0.012);
    record_api_usage("alice@example.com", "/api/v1/vms/{id}");
    record_auth_failure("expired");
    record_backup("database", "completed", 9.0);
    record_billable_time("tenant-7", 60.0);
    record_circuit_breaker_failure("libvirt", "host-1");
    record_data_pipeline_failure("nightly");
    record_database_cache("vm_by_id", true);
    record_database_connection_error("default");
    record_database_deadlock();
    record_database_query("SELECT", "vms", "success", 0.003);
    record_database_transaction("commit", 0.02);
    record_database_wait("default", 0.0004, false);
    record_docs_publish();
    record_docs_search("hit");
    record_dwcp_anomaly("latency", "warning");
    record_dwcp_compression("zstd", 4096, 1024);
    record_dwcp_congestion("internet");
    record_dwcp_consensus("reached");
    record_dwcp_migration("node-1", "node-2", "success", 42.0);
    record_dwcp_mode_latency("hybrid", 0.2);
    record_dwcp_operation("hde", "compression", "", 0.1);
    record_dwcp_sync("eu-west", 1 << 20, 2.0);
    record_error("Timeout", "manager", "libvirt");
    record_external_call("billing", "success", 0.1);
    record_failure_detection("heartbeat");
    record_glossary_hit("NC-1");
    record_image_cache(true);
    record_image_download("qcow2", 1 << 30);
    record_image_error("convert", "no_space");
    record_image_prepare("libvirt", "success");
    record_inference(MODEL, "", 0.1);
    record_ip_discovery("libvirt", 3.0);
    record_job_store("update", "");
    record_libvirt_connection("host-1");
    record_login("success");
    record_ml_scrape("", 0.2);
    record_placement("success", 0.004);
    record_provisioner_request("/jobs/{id}", "GET", 200, 0.01);
    record_queue_wait(0.002);
    record_service_start("scheduler");
    record_storage_operation("ssd", "create", "success", 0.8);
    record_storage_transfer("ssd", "read", 4096);
    record_support_ticket("high");
    record_training(MODEL, "completed", "", 5400.0);
    record_validation_failure("/api/v1/vms");
    record_vm_clone(true, "libvirt", "success");
    record_vm_event("started");
    record_vm_migration("live", "success", "", 42.0);
    record_vm_operation("start", "success", 1.5);
    record_vm_provisioned("tenant-7");
    record_vm_reconfigure("libvirt", "success");
    record_vm_snapshot("create", "libvirt", "success");
    record_vm_transition("starting", "running");
    record_vsphere_call("CloneVM_Task", "dc-1");
    record_vsphere_session("dc-1");
    record_workflow_stage("nightly", "train", "completed", "", 340.0);
    update_active_alerts("critical", "database", 1);
    update_active_tenants(3);
    update_active_users(3);
    update_capacity_used("cpu", 0.5);
    update_circuit_breaker("libvirt", "host-1", "open");
    update_concurrency_limit(64);
    update_data_drift("placement", "requests", "overall", 0.1);
    update_data_quality("requests", 0.9);
    update_database_connections("default", 1, 2, 3);
    update_database_replication_lag("replica-1", 0.2);
    update_database_up("default", true);
    update_dependency("minio", true);
    update_docs_search_failure_ratio(0.1);
    update_dwcp_bandwidth("link-1", 73.5);
    update_dwcp_component_health("acp", "degraded");
    update_dwcp_delta_hits(0.5);
    update_dwcp_mode("internet");
    update_dwcp_packet_loss("link-1", 0.01);
    update_dwcp_prediction_accuracy("hybrid", 0.9);
    update_endpoint_up("/api/v1/vms", true);
    update_feature_importance("placement", "7", "free_memory", 0.1);
    update_leader(true);
    update_migrations_per_hour(4.0);
    update_model_deployments("placement", "production", 2);
    update_model_gpu(MODEL, "0", 20.0);
    update_model_loss(MODEL, "training", 0.1);
    update_model_quality(MODEL, QUALITY);
    update_model_resources(MODEL, 1 << 30, 80.0);
    update_model_status(MODEL, "serving", 60.0);
    update_model_versions("placement", 2);
    update_pipeline_health("nightly", "training", true);
    update_provider_up("libvirt", "host-1", true);
    update_provisioner_dependency("minio", true);
    update_provisioner_health(true);
    update_provisioner_queue(1, 2);
    update_quota_usage("tenant-7", "disk", 0.4);
    update_service_availability("api", true);
    update_slo("availability", 0.999, 0.4);
    update_storage_pool("ssd", 1 << 40, 600 << 30, Some(1.5));
    update_vm_count("running", 12);
    update_workflow_success("nightly", "train", 0.9);
}
