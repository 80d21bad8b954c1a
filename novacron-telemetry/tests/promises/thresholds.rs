//! A quantile is only sharp on a bound, and never above the last one: every threshold that an alert
//! or a target compares a histogram with is a bound, and not the last.

use novacron_telemetry::catalog::Catalog;

/// Who compares, with what, which family.
const THRESHOLDS: &[(&str, f64, &str)] = &[
    (
        "HighAPILatency",
        0.5,
        "novacron_api_request_duration_seconds",
    ),
    (
        "API p95 target",
        0.1,
        "novacron_api_request_duration_seconds",
    ),
    (
        "HighResponseTime",
        1.0,
        "novacron_api_request_duration_seconds",
    ),
    (
        "SlowDWCPMigration",
        30.0,
        "novacron_dwcp_migration_duration_seconds",
    ),
    (
        "SlowDatabaseQueries",
        0.05,
        "novacron_database_query_duration_seconds",
    ),
    (
        "HighInferenceLatency",
        1.0,
        "novacron_ml_inference_duration_seconds",
    ),
    (
        "CriticalInferenceLatency",
        5.0,
        "novacron_ml_inference_duration_seconds",
    ),
    (
        "HighModelTrainingTime",
        7_200.0,
        "novacron_ml_training_duration_seconds",
    ),
    (
        "HighMigrationTime",
        1_800.0,
        "novacron_vm_migration_duration_seconds",
    ),
    (
        "HighVMCreationTime",
        300.0,
        "novacron_vm_operation_duration_seconds",
    ),
    (
        "VirtrigaudSlowVMCreation",
        600.0,
        "novacron_vm_operation_duration_seconds",
    ),
    (
        "HighSchedulingLatency",
        10.0,
        "novacron_scheduler_decision_duration_seconds",
    ),
    (
        "MLEStarStageTimeout",
        3_600.0,
        "novacron_ml_workflow_stage_duration_seconds",
    ),
    (
        "VolumeProvisionerHighLatency",
        30.0,
        "novacron_provisioner_requests_duration_seconds",
    ),
    (
        "ProviderLatencyHigh",
        30.0,
        "novacron_provider_rpc_latency_seconds",
    ),
    (
        "ReconcileStuck",
        300.0,
        "novacron_manager_reconcile_duration_seconds",
    ),
    (
        "IPDiscoveryTooSlow",
        300.0,
        "novacron_ip_discovery_duration_seconds",
    ),
    (
        "FederationSyncSlow",
        5.0,
        "novacron_dwcp_federation_sync_duration_seconds",
    ),
    (
        "budget of a metric",
        0.001,
        "novacron_telemetry_record_duration_seconds",
    ),
    (
        "budget of a log line",
        0.002,
        "novacron_telemetry_record_duration_seconds",
    ),
    (
        "budget of a span",
        0.005,
        "novacron_telemetry_record_duration_seconds",
    ),
    (
        "scrape timeout",
        5.0,
        "novacron_exporter_scrape_duration_seconds",
    ),
];

#[test]
fn every_threshold_is_a_bound_with_one_above_it() {
    for (who, threshold, name) in THRESHOLDS {
        let family = Catalog::find(name).unwrap_or_else(|| panic!("{name} is not declared"));
        let at = family.buckets.iter().position(|bound| bound == threshold);
        let at = at.unwrap_or_else(|| panic!("{who}: {threshold} is no bound of {name}"));
        assert!(
            at + 1 < family.buckets.len(),
            "{who}: {threshold} is the last bound of {name}"
        );
    }
}
