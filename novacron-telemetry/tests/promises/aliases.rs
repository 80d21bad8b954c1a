//! Every name of another system, and the family whose samples it shows.

use novacron_telemetry::catalog::aliases;
use novacron_telemetry::registry::Profile;

const ALIASES: &[(&str, &str)] = &[
    (
        "virtrigaud_vm_operations_total",
        "novacron_vm_operations_total",
    ),
    (
        "virtrigaud_vm_operations_duration_seconds",
        "novacron_vm_operation_duration_seconds",
    ),
    ("nova_vm_status", "novacron_vm_status"),
    ("nova_vm_cpu_seconds_total", "novacron_vm_cpu_seconds_total"),
    (
        "virtrigaud_vm_reconfigure_total",
        "novacron_vm_reconfigure_total",
    ),
    ("virtrigaud_vm_snapshot_total", "novacron_vm_snapshot_total"),
    ("virtrigaud_vm_clone_total", "novacron_vm_clone_total"),
    (
        "virtrigaud_vm_image_prepare_total",
        "novacron_vm_image_prepare_total",
    ),
    ("nova_host_memory_bytes", "novacron_host_memory_bytes"),
    (
        "nova_container_restart_total",
        "novacron_container_restart_total",
    ),
    (
        "nova_network_rx_bytes_total",
        "novacron_network_rx_bytes_total",
    ),
    (
        "nova_network_tx_bytes_total",
        "novacron_network_tx_bytes_total",
    ),
    (
        "nova_network_rx_drops_total",
        "novacron_network_rx_drops_total",
    ),
    (
        "nova_support_bundle_generated_total",
        "novacron_support_bundle_generated_total",
    ),
    (
        "nova_docs_search_failure_ratio",
        "novacron_docs_search_failure_ratio",
    ),
    (
        "libvirt_volume_provisioner_requests_total",
        "novacron_provisioner_requests_total",
    ),
    (
        "libvirt_volume_provisioner_requests_duration_seconds",
        "novacron_provisioner_requests_duration_seconds",
    ),
    (
        "libvirt_volume_provisioner_request_duration_seconds",
        "novacron_provisioner_requests_duration_seconds",
    ),
    (
        "libvirt_volume_provisioner_jobs_total",
        "novacron_provisioner_jobs_total",
    ),
    (
        "libvirt_volume_provisioner_active_jobs",
        "novacron_provisioner_active_jobs",
    ),
    (
        "libvirt_volume_provisioner_job_duration_seconds",
        "novacron_provisioner_job_duration_seconds",
    ),
    (
        "libvirt_volume_provisioner_cache_hits_total",
        "novacron_provisioner_cache_hits_total",
    ),
    (
        "libvirt_volume_provisioner_cache_misses_total",
        "novacron_provisioner_cache_misses_total",
    ),
    (
        "libvirt_volume_provisioner_cache_hit_ratio",
        "novacron_provisioner_cache_hit_ratio",
    ),
    (
        "libvirt_volume_provisioner_images_downloaded_total",
        "novacron_provisioner_images_downloaded_total",
    ),
    (
        "libvirt_volume_provisioner_image_download_size_bytes",
        "novacron_provisioner_image_download_size_bytes",
    ),
    (
        "libvirt_volume_provisioner_image_errors_total",
        "novacron_provisioner_image_errors_total",
    ),
    (
        "libvirt_volume_provisioner_storage_operations_total",
        "novacron_provisioner_storage_operations_total",
    ),
    (
        "libvirt_volume_provisioner_storage_errors_total",
        "novacron_provisioner_storage_errors_total",
    ),
    (
        "libvirt_volume_provisioner_stage_duration_seconds",
        "novacron_provisioner_stage_duration_seconds",
    ),
    (
        "libvirt_volume_provisioner_stage_throughput_bytes_per_second",
        "novacron_provisioner_stage_throughput_bytes_per_second",
    ),
    (
        "libvirt_volume_provisioner_health_status",
        "novacron_provisioner_health_status",
    ),
    (
        "libvirt_volume_provisioner_dependencies_up",
        "novacron_provisioner_dependencies_up",
    ),
    (
        "virtrigaud_manager_reconcile_total",
        "novacron_manager_reconcile_total",
    ),
    (
        "virtrigaud_manager_reconcile_duration_seconds",
        "novacron_manager_reconcile_duration_seconds",
    ),
    ("virtrigaud_queue_depth", "novacron_queue_depth"),
    (
        "virtrigaud_provider_rpc_requests_total",
        "novacron_provider_rpc_requests_total",
    ),
    (
        "virtrigaud_provider_rpc_latency_seconds",
        "novacron_provider_rpc_latency_seconds",
    ),
    (
        "virtrigaud_provider_tasks_inflight",
        "novacron_provider_tasks_inflight",
    ),
    (
        "virtrigaud_ip_discovery_duration_seconds",
        "novacron_ip_discovery_duration_seconds",
    ),
    ("virtrigaud_errors_total", "novacron_errors_total"),
    (
        "virtrigaud_circuit_breaker_state",
        "novacron_circuit_breaker_state",
    ),
    (
        "virtrigaud_circuit_breaker_failures_total",
        "novacron_circuit_breaker_failures_total",
    ),
    (
        "virtrigaud_vsphere_sessions_total",
        "novacron_vsphere_sessions_total",
    ),
    (
        "virtrigaud_vsphere_api_calls_total",
        "novacron_vsphere_api_calls_total",
    ),
    (
        "virtrigaud_libvirt_connections_total",
        "novacron_libvirt_connections_total",
    ),
    (
        "virtrigaud_libvirt_domains_total",
        "novacron_libvirt_domains_total",
    ),
    ("ml_model_accuracy", "novacron_ml_model_accuracy"),
    ("ml_model_precision", "novacron_ml_model_precision"),
    ("ml_model_recall", "novacron_ml_model_recall"),
    ("ml_model_f1_score", "novacron_ml_model_f1_score"),
    ("ml_model_loss", "novacron_ml_model_loss"),
    (
        "ml_training_duration_seconds",
        "novacron_ml_training_duration_seconds",
    ),
    (
        "ml_training_failures_total",
        "novacron_ml_training_failures_total",
    ),
    (
        "ml_inference_duration_seconds",
        "novacron_ml_inference_duration_seconds",
    ),
    ("ml_predictions_total", "novacron_ml_predictions_total"),
    (
        "ml_prediction_errors_total",
        "novacron_ml_prediction_errors_total",
    ),
    ("ml_data_drift_score", "novacron_ml_data_drift_score"),
    ("ml_feature_importance", "novacron_ml_feature_importance"),
    ("ml_model_memory_bytes", "novacron_ml_model_memory_bytes"),
    (
        "ml_model_cpu_usage_percent",
        "novacron_ml_model_cpu_usage_percent",
    ),
    (
        "ml_model_gpu_usage_percent",
        "novacron_ml_model_gpu_usage_percent",
    ),
    ("ml_model_status", "novacron_ml_model_status"),
    (
        "ml_model_uptime_seconds",
        "novacron_ml_model_uptime_seconds",
    ),
    (
        "ml_model_deployments_active",
        "novacron_ml_model_deployments_active",
    ),
    (
        "ml_pipeline_health_status",
        "novacron_ml_pipeline_health_status",
    ),
    (
        "mle_star_stage_duration_seconds",
        "novacron_ml_workflow_stage_duration_seconds",
    ),
    (
        "mle_star_workflow_failures_total",
        "novacron_ml_workflow_failures_total",
    ),
    (
        "mle_star_workflow_success_rate",
        "novacron_ml_workflow_success_ratio",
    ),
    (
        "ml_exporter_scrape_duration_seconds",
        "novacron_ml_exporter_scrape_duration_seconds",
    ),
    (
        "ml_exporter_scrape_errors_total",
        "novacron_ml_exporter_scrape_errors_total",
    ),
    ("nova_exporter_build_info", "novacron_exporter_build_info"),
    ("virtrigaud_build_info", "novacron_build_info"),
    ("go_goroutines", "novacron_runtime_tasks_alive"),
    ("go_memory_usage", "novacron_process_resident_memory_bytes"),
];

#[test]
fn every_other_name_shows_the_promised_family() {
    let mut declared: Vec<(&str, &str)> = Profile::ALL
        .iter()
        .flat_map(|profile| aliases::of(*profile))
        .map(|alias| (alias.name, alias.family.name))
        .collect();
    let mut promised = ALIASES.to_vec();
    declared.sort_unstable();
    promised.sort_unstable();
    assert_eq!(declared, promised);
}

#[test]
fn labels_are_renamed_only_where_that_is_promised() {
    for alias in Profile::ALL
        .iter()
        .flat_map(|profile| aliases::of(*profile))
    {
        let promised: &[(&str, &str)] = match alias.name {
            "virtrigaud_vm_operations_total" => &[("status", "outcome")],
            "virtrigaud_build_info" => &[("rust_version", "go_version")],
            _ => &[],
        };
        assert_eq!(alias.renames, promised, "{}", alias.name);
    }
}
