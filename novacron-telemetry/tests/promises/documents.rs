//! Name by name, what the five documents say.

use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::metric::Kind::{self, Counter, Gauge, Histogram};
use novacron_telemetry::registry::Profile;

use super::{Offered, takes};

type Row = (&'static str, Kind, &'static [&'static str]);

/// Nova RC5: its table, its alerts, its troubleshooting.
const NOVA_RC5: &[Row] = &[
    ("nova_vm_status", Gauge, &["name", "host", "state"]),
    ("nova_vm_cpu_seconds_total", Counter, &["name", "host"]),
    (
        "nova_container_restart_total",
        Counter,
        &["name", "runtime"],
    ),
    ("nova_host_memory_bytes", Gauge, &[]),
    (
        "nova_network_rx_bytes_total",
        Counter,
        &["switch", "interface"],
    ),
    (
        "nova_support_bundle_generated_total",
        Counter,
        &["mode", "redaction"],
    ),
    (
        "nova_network_rx_drops_total",
        Counter,
        &["switch", "interface"],
    ),
    ("nova_docs_search_failure_ratio", Gauge, &[]),
    ("nova_exporter_build_info", Gauge, &["version"]),
];

/// NovaCron's own names: never aliases.
const NOVACRON: &[Row] = &[
    (
        "novacron_api_requests_total",
        Counter,
        &["method", "endpoint", "status"],
    ),
    (
        "novacron_api_request_duration_seconds",
        Histogram,
        &["method", "endpoint"],
    ),
    (
        "novacron_dwcp_migrations_total",
        Counter,
        &["source", "destination", "status"],
    ),
    (
        "novacron_database_query_duration_seconds",
        Histogram,
        &["operation", "table"],
    ),
    ("novacron_vms_total", Gauge, &["state"]),
    ("novacron_service_availability", Gauge, &["service"]),
];

/// The ML exporter.
const MLE: &[Row] = &[
    ("ml_model_accuracy", Gauge, &["model_name", "version"]),
    ("ml_model_precision", Gauge, &["model_name", "version"]),
    ("ml_model_recall", Gauge, &["model_name", "version"]),
    ("ml_model_f1_score", Gauge, &["model_name", "version"]),
    ("ml_training_duration_seconds", Histogram, &["model_name"]),
    (
        "ml_training_failures_total",
        Counter,
        &["model_name", "error_type"],
    ),
    ("ml_inference_duration_seconds", Histogram, &["model_name"]),
    ("ml_predictions_total", Counter, &["model_name", "status"]),
    ("ml_data_drift_score", Gauge, &["model_name", "dataset"]),
];

/// The libvirt volume provisioner.
const PROVISIONER: &[Row] = &[
    (
        "libvirt_volume_provisioner_requests_total",
        Counter,
        &["endpoint", "method", "status"],
    ),
    (
        "libvirt_volume_provisioner_requests_duration_seconds",
        Histogram,
        &[],
    ),
    (
        "libvirt_volume_provisioner_jobs_total",
        Counter,
        &["status"],
    ),
    ("libvirt_volume_provisioner_active_jobs", Gauge, &[]),
    (
        "libvirt_volume_provisioner_job_duration_seconds",
        Histogram,
        &[],
    ),
];

/// What of the Go runtime has a counterpart here, as two gauges without labels.
const GO_RUNTIME: &[Row] = &[
    ("go_goroutines", Gauge, &[]),
    ("go_memory_usage", Gauge, &[]),
];

/// Virtrigaud: tables, queries, alerts.
const VIRTRIGAUD: &[Row] = &[
    (
        "virtrigaud_manager_reconcile_total",
        Counter,
        &["kind", "outcome"],
    ),
    (
        "virtrigaud_manager_reconcile_duration_seconds",
        Histogram,
        &["kind"],
    ),
    ("virtrigaud_queue_depth", Gauge, &["kind"]),
    (
        "virtrigaud_vm_operations_total",
        Counter,
        &["operation", "provider_type", "provider", "outcome"],
    ),
    (
        "virtrigaud_vm_operations_duration_seconds",
        Histogram,
        &["operation"],
    ),
    (
        "virtrigaud_vm_reconfigure_total",
        Counter,
        &["provider_type", "outcome"],
    ),
    (
        "virtrigaud_vm_snapshot_total",
        Counter,
        &["action", "provider_type", "outcome"],
    ),
    (
        "virtrigaud_vm_clone_total",
        Counter,
        &["linked", "provider_type", "outcome"],
    ),
    (
        "virtrigaud_vm_image_prepare_total",
        Counter,
        &["provider_type", "outcome"],
    ),
    (
        "virtrigaud_build_info",
        Gauge,
        &["version", "git_sha", "go_version"],
    ),
    (
        "virtrigaud_provider_rpc_requests_total",
        Counter,
        &["provider_type", "method", "code"],
    ),
    (
        "virtrigaud_provider_rpc_latency_seconds",
        Histogram,
        &["provider_type", "method"],
    ),
    (
        "virtrigaud_provider_tasks_inflight",
        Gauge,
        &["provider_type", "provider"],
    ),
    (
        "virtrigaud_ip_discovery_duration_seconds",
        Histogram,
        &["provider_type"],
    ),
    (
        "virtrigaud_errors_total",
        Counter,
        &["reason", "component", "provider_type"],
    ),
    (
        "virtrigaud_vsphere_sessions_total",
        Counter,
        &["datacenter"],
    ),
    (
        "virtrigaud_vsphere_api_calls_total",
        Counter,
        &["method", "datacenter"],
    ),
    ("virtrigaud_libvirt_connections_total", Counter, &["host"]),
    (
        "virtrigaud_libvirt_domains_total",
        Gauge,
        &["host", "state"],
    ),
];

/// Values that the documents write out: name, label, values.
const VALUES: &[(&str, &str, &[&str])] = &[
    ("nova_vm_status", "state", &["running"]),
    (
        "novacron_vms_total",
        "state",
        &["running", "stopped", "migrating"],
    ),
    ("novacron_api_requests_total", "method", &["GET"]),
    (
        "novacron_api_requests_total",
        "status",
        &["200", "404", "499", "500", "504"],
    ),
    (
        "novacron_dwcp_migrations_total",
        "status",
        &["success", "failed"],
    ),
    (
        "novacron_vm_operations_total",
        "operation",
        &["create", "start", "stop", "delete"],
    ),
    (
        "novacron_database_query_duration_seconds",
        "operation",
        &["SELECT"],
    ),
    ("ml_training_failures_total", "error_type", &["data_error"]),
    ("ml_predictions_total", "status", &["success"]),
    (
        "libvirt_volume_provisioner_jobs_total",
        "status",
        &["started", "completed", "failed", "cancelled"],
    ),
    (
        "libvirt_volume_provisioner_requests_total",
        "status",
        &["500", "502", "503", "599"],
    ),
    (
        "virtrigaud_manager_reconcile_total",
        "kind",
        &["VirtualMachine", "VMClass"],
    ),
    (
        "virtrigaud_manager_reconcile_total",
        "outcome",
        &["success", "failure", "error"],
    ),
    (
        "virtrigaud_vm_operations_total",
        "outcome",
        &["success", "failure", "error"],
    ),
    (
        "virtrigaud_vm_operations_total",
        "provider_type",
        &["vsphere", "libvirt"],
    ),
    (
        "virtrigaud_vm_snapshot_total",
        "action",
        &["create", "delete", "revert"],
    ),
    ("virtrigaud_vm_clone_total", "linked", &["true", "false"]),
    (
        "virtrigaud_provider_rpc_requests_total",
        "code",
        &["OK", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED"],
    ),
    (
        "virtrigaud_provider_rpc_requests_total",
        "method",
        &["CreateVM", "DeleteVM", "PowerVM"],
    ),
    (
        "virtrigaud_errors_total",
        "reason",
        &["ConnectionFailed", "AuthenticationError"],
    ),
    (
        "virtrigaud_errors_total",
        "component",
        &["manager", "provider"],
    ),
];

/// The bounds that Virtrigaud's document lists for its durations.
const VIRTRIGAUD_BOUNDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];

#[test]
fn every_documented_name_is_offered_with_its_type_and_labels() {
    let tables = [NOVA_RC5, NOVACRON, MLE, PROVISIONER, GO_RUNTIME, VIRTRIGAUD];
    assert_eq!(tables.iter().map(|rows| rows.len()).sum::<usize>(), 50);
    for (name, kind, labels) in tables.into_iter().flatten() {
        let offered = Offered::of(name).unwrap_or_else(|| panic!("{name} is not offered"));
        assert_eq!(offered.family.kind, *kind, "{name}");
        for label in *labels {
            assert!(
                offered.label(label).is_some(),
                "{name} has no label {label}"
            );
        }
    }
}

#[test]
fn novacrons_own_names_have_exactly_the_documented_labels() {
    for (name, _, labels) in NOVACRON {
        let family = Catalog::find(name).unwrap_or_else(|| panic!("{name} is not declared"));
        let declared: Vec<&str> = family.labels.iter().map(|label| label.name).collect();
        assert_eq!(declared, *labels, "{name}");
    }
}

#[test]
fn other_systems_names_belong_to_their_profile() {
    for (profile, rows) in [
        (Profile::NovaRc5, NOVA_RC5),
        (Profile::Mle, MLE),
        (Profile::LibvirtVolumeProvisioner, PROVISIONER),
        (Profile::GoRuntime, GO_RUNTIME),
        (Profile::Virtrigaud, VIRTRIGAUD),
    ] {
        for (name, ..) in rows {
            let alias = Offered::of(name).and_then(|offered| offered.alias);
            assert_eq!(alias.map(|alias| alias.profile), Some(profile), "{name}");
        }
    }
}

#[test]
fn every_documented_value_can_be_shown() {
    for (name, label, values) in VALUES {
        let offered = Offered::of(name).unwrap_or_else(|| panic!("{name} is not offered"));
        let known = offered
            .label(label)
            .unwrap_or_else(|| panic!("{name} has no label {label}"));
        for value in *values {
            assert!(
                takes(known, value),
                "{name}{{{label}=\"{value}\"}} cannot be shown"
            );
        }
    }
}

#[test]
fn documented_bounds_are_kept() {
    for (name, kind, _) in VIRTRIGAUD {
        if *kind == Histogram {
            let offered = Offered::of(name).unwrap_or_else(|| panic!("{name} is not offered"));
            for bound in VIRTRIGAUD_BOUNDS {
                assert!(
                    offered.family.buckets.contains(bound),
                    "{name} has no bound {bound}"
                );
            }
        }
    }
}

#[test]
fn nothing_is_shown_for_a_garbage_collector_that_does_not_exist() {
    assert!(Offered::of("gc_duration_seconds").is_none());
    assert!(Offered::of("go_gc_duration_seconds").is_none());
}
