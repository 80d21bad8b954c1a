//! Names of other systems for families of the catalog, as data.
//!
//! Each profile renders the same samples again under the names that a system's own dashboards and
//! alerts ask for. All are off unless the host switches a [`Profile`] on.

use super::{
    ContainerMetrics, ExporterMetrics, GuestMetrics, LibvirtMetrics, MlMetrics, NetworkMetrics,
    ProcessMetrics, ProviderMetrics, ProvisionerMetrics, ReconcileMetrics, SupportMetrics,
    SystemMetrics, VmMetrics,
};
use crate::error::Result;
use crate::metric::Descriptor;
use crate::registry::{Alias, Only, Profile, Registry, Respell};

/// Shows the families of a profile under their other names too. Families whose group is off are
/// left out; [`Profile::groups`] says which groups it needs.
///
/// # Errors
///
/// If one of the names is taken.
pub fn show(registry: &Registry, profile: Profile) -> Result<()> {
    of(profile)
        .iter()
        .filter_map(|alias| {
            registry
                .source(alias.family.name)
                .map(|source| alias.source(source))
        })
        .try_for_each(|source| registry.add_source(source))
}

/// The aliases of a profile.
#[must_use]
pub const fn of(profile: Profile) -> &'static [Alias] {
    match profile {
        Profile::NovaRc5 => NOVA_RC5,
        Profile::Mle => MLE,
        Profile::Virtrigaud => VIRTRIGAUD,
        Profile::LibvirtVolumeProvisioner => PROVISIONER,
        Profile::GoRuntime => GO_RUNTIME,
    }
}

/// Names of Nova RC5.
pub const NOVA_RC5: &[Alias] = &[
    nova("nova_vm_status", GuestMetrics::STATUS).only(Only::Value {
        label: "state",
        value: "running",
    }),
    nova("nova_vm_cpu_seconds_total", GuestMetrics::CPU_SECONDS_TOTAL),
    nova("nova_host_memory_bytes", SystemMetrics::HOST_MEMORY_BYTES),
    nova(
        "nova_container_restart_total",
        ContainerMetrics::CONTAINER_RESTART_TOTAL,
    ),
    nova(
        "nova_network_rx_bytes_total",
        NetworkMetrics::RX_BYTES_TOTAL,
    ),
    nova(
        "nova_network_tx_bytes_total",
        NetworkMetrics::TX_BYTES_TOTAL,
    ),
    nova(
        "nova_network_rx_drops_total",
        NetworkMetrics::RX_DROPS_TOTAL,
    ),
    nova(
        "nova_support_bundle_generated_total",
        SupportMetrics::SUPPORT_BUNDLE_GENERATED_TOTAL,
    ),
    nova(
        "nova_docs_search_failure_ratio",
        SupportMetrics::DOCS_SEARCH_FAILURE_RATIO,
    ),
    nova(
        "nova_exporter_build_info",
        ExporterMetrics::EXPORTER_BUILD_INFO,
    ),
];

/// Names of the ML exporter.
pub const MLE: &[Alias] = &[
    ml("ml_model_accuracy", MlMetrics::MODEL_ACCURACY),
    ml("ml_model_precision", MlMetrics::MODEL_PRECISION),
    ml("ml_model_recall", MlMetrics::MODEL_RECALL),
    ml("ml_model_f1_score", MlMetrics::MODEL_F1_SCORE),
    ml("ml_model_loss", MlMetrics::MODEL_LOSS),
    ml(
        "ml_training_duration_seconds",
        MlMetrics::TRAINING_DURATION_SECONDS,
    ),
    ml(
        "ml_training_failures_total",
        MlMetrics::TRAINING_FAILURES_TOTAL,
    ),
    ml(
        "ml_inference_duration_seconds",
        MlMetrics::INFERENCE_DURATION_SECONDS,
    ),
    ml("ml_predictions_total", MlMetrics::PREDICTIONS_TOTAL),
    ml(
        "ml_prediction_errors_total",
        MlMetrics::PREDICTION_ERRORS_TOTAL,
    ),
    ml("ml_data_drift_score", MlMetrics::DATA_DRIFT_SCORE),
    ml("ml_feature_importance", MlMetrics::FEATURE_IMPORTANCE),
    ml("ml_model_memory_bytes", MlMetrics::MODEL_MEMORY_BYTES),
    ml(
        "ml_model_cpu_usage_percent",
        MlMetrics::MODEL_CPU_USAGE_PERCENT,
    ),
    ml(
        "ml_model_gpu_usage_percent",
        MlMetrics::MODEL_GPU_USAGE_PERCENT,
    ),
    ml("ml_model_status", MlMetrics::MODEL_STATUS),
    ml("ml_model_uptime_seconds", MlMetrics::MODEL_UPTIME_SECONDS),
    ml(
        "ml_model_deployments_active",
        MlMetrics::MODEL_DEPLOYMENTS_ACTIVE,
    ),
    ml(
        "ml_pipeline_health_status",
        MlMetrics::PIPELINE_HEALTH_STATUS,
    ),
    ml(
        "mle_star_stage_duration_seconds",
        MlMetrics::WORKFLOW_STAGE_DURATION_SECONDS,
    ),
    ml(
        "mle_star_workflow_failures_total",
        MlMetrics::WORKFLOW_FAILURES_TOTAL,
    ),
    ml(
        "mle_star_workflow_success_rate",
        MlMetrics::WORKFLOW_SUCCESS_RATIO,
    ),
    ml(
        "ml_exporter_scrape_duration_seconds",
        MlMetrics::EXPORTER_SCRAPE_DURATION_SECONDS,
    ),
    ml(
        "ml_exporter_scrape_errors_total",
        MlMetrics::EXPORTER_SCRAPE_ERRORS_TOTAL,
    ),
];

/// Names of Virtrigaud.
pub const VIRTRIGAUD: &[Alias] = &[
    virtrigaud(
        "virtrigaud_vm_operations_total",
        VmMetrics::OPERATIONS_TOTAL,
    )
    .rename(&[("status", "outcome")])
    .respell(OPERATIONS)
    .only(WITH_PROVIDER),
    virtrigaud(
        "virtrigaud_vm_operations_duration_seconds",
        VmMetrics::OPERATION_DURATION_SECONDS,
    )
    .respell(OPERATIONS)
    .only(WITH_PROVIDER),
    virtrigaud(
        "virtrigaud_vm_reconfigure_total",
        VmMetrics::RECONFIGURE_TOTAL,
    ),
    virtrigaud("virtrigaud_vm_snapshot_total", VmMetrics::SNAPSHOT_TOTAL),
    virtrigaud("virtrigaud_vm_clone_total", VmMetrics::CLONE_TOTAL),
    virtrigaud(
        "virtrigaud_vm_image_prepare_total",
        VmMetrics::IMAGE_PREPARE_TOTAL,
    ),
    virtrigaud(
        "virtrigaud_manager_reconcile_total",
        ReconcileMetrics::MANAGER_RECONCILE_TOTAL,
    ),
    virtrigaud(
        "virtrigaud_manager_reconcile_duration_seconds",
        ReconcileMetrics::MANAGER_RECONCILE_DURATION_SECONDS,
    ),
    virtrigaud("virtrigaud_queue_depth", ReconcileMetrics::QUEUE_DEPTH),
    virtrigaud(
        "virtrigaud_provider_rpc_requests_total",
        ProviderMetrics::PROVIDER_RPC_REQUESTS_TOTAL,
    ),
    virtrigaud(
        "virtrigaud_provider_rpc_latency_seconds",
        ProviderMetrics::PROVIDER_RPC_LATENCY_SECONDS,
    ),
    virtrigaud(
        "virtrigaud_provider_tasks_inflight",
        ProviderMetrics::PROVIDER_TASKS_INFLIGHT,
    ),
    virtrigaud(
        "virtrigaud_ip_discovery_duration_seconds",
        ProviderMetrics::IP_DISCOVERY_DURATION_SECONDS,
    ),
    virtrigaud("virtrigaud_errors_total", ProviderMetrics::ERRORS_TOTAL),
    virtrigaud(
        "virtrigaud_circuit_breaker_state",
        ProviderMetrics::CIRCUIT_BREAKER_STATE,
    ),
    virtrigaud(
        "virtrigaud_circuit_breaker_failures_total",
        ProviderMetrics::CIRCUIT_BREAKER_FAILURES_TOTAL,
    ),
    virtrigaud(
        "virtrigaud_vsphere_sessions_total",
        ProviderMetrics::VSPHERE_SESSIONS_TOTAL,
    ),
    virtrigaud(
        "virtrigaud_vsphere_api_calls_total",
        ProviderMetrics::VSPHERE_API_CALLS_TOTAL,
    ),
    virtrigaud(
        "virtrigaud_libvirt_connections_total",
        ProviderMetrics::LIBVIRT_CONNECTIONS_TOTAL,
    ),
    virtrigaud(
        "virtrigaud_libvirt_domains_total",
        LibvirtMetrics::DOMAINS_TOTAL,
    ),
    virtrigaud("virtrigaud_build_info", ProcessMetrics::BUILD_INFO)
        .rename(&[("rust_version", "go_version")])
        .respell(Respell::Prefix {
            label: "rust_version",
            prefix: "rustc ",
        }),
];

/// Names of the libvirt volume provisioner.
pub const PROVISIONER: &[Alias] = &[
    provisioner(
        "libvirt_volume_provisioner_requests_total",
        ProvisionerMetrics::REQUESTS_TOTAL,
    ),
    provisioner(
        "libvirt_volume_provisioner_requests_duration_seconds",
        ProvisionerMetrics::REQUESTS_DURATION_SECONDS,
    ),
    provisioner(
        "libvirt_volume_provisioner_request_duration_seconds",
        ProvisionerMetrics::REQUESTS_DURATION_SECONDS,
    ),
    provisioner(
        "libvirt_volume_provisioner_jobs_total",
        ProvisionerMetrics::JOBS_TOTAL,
    ),
    provisioner(
        "libvirt_volume_provisioner_active_jobs",
        ProvisionerMetrics::ACTIVE_JOBS,
    ),
    provisioner(
        "libvirt_volume_provisioner_job_duration_seconds",
        ProvisionerMetrics::JOB_DURATION_SECONDS,
    ),
    provisioner(
        "libvirt_volume_provisioner_cache_hits_total",
        ProvisionerMetrics::CACHE_HITS_TOTAL,
    ),
    provisioner(
        "libvirt_volume_provisioner_cache_misses_total",
        ProvisionerMetrics::CACHE_MISSES_TOTAL,
    ),
    provisioner(
        "libvirt_volume_provisioner_cache_hit_ratio",
        ProvisionerMetrics::CACHE_HIT_RATIO,
    ),
    provisioner(
        "libvirt_volume_provisioner_images_downloaded_total",
        ProvisionerMetrics::IMAGES_DOWNLOADED_TOTAL,
    ),
    provisioner(
        "libvirt_volume_provisioner_image_download_size_bytes",
        ProvisionerMetrics::IMAGE_DOWNLOAD_SIZE_BYTES,
    ),
    provisioner(
        "libvirt_volume_provisioner_image_errors_total",
        ProvisionerMetrics::IMAGE_ERRORS_TOTAL,
    ),
    provisioner(
        "libvirt_volume_provisioner_storage_operations_total",
        ProvisionerMetrics::STORAGE_OPERATIONS_TOTAL,
    ),
    provisioner(
        "libvirt_volume_provisioner_storage_errors_total",
        ProvisionerMetrics::STORAGE_ERRORS_TOTAL,
    ),
    provisioner(
        "libvirt_volume_provisioner_stage_duration_seconds",
        ProvisionerMetrics::STAGE_DURATION_SECONDS,
    ),
    provisioner(
        "libvirt_volume_provisioner_stage_throughput_bytes_per_second",
        ProvisionerMetrics::STAGE_THROUGHPUT_BYTES_PER_SECOND,
    ),
    provisioner(
        "libvirt_volume_provisioner_health_status",
        ProvisionerMetrics::HEALTH_STATUS,
    ),
    provisioner(
        "libvirt_volume_provisioner_dependencies_up",
        ProvisionerMetrics::DEPENDENCIES_UP,
    ),
];

/// Names of the Go runtime with the nearest numbers of this process. There is no garbage collector,
/// so nothing stands for `gc_duration_seconds`.
pub const GO_RUNTIME: &[Alias] = &[
    go("go_goroutines", ProcessMetrics::RUNTIME_TASKS_ALIVE),
    go(
        "go_memory_usage",
        ProcessMetrics::PROCESS_RESIDENT_MEMORY_BYTES,
    ),
];

/// Operations are spelled as there; what starts or stops a VM is one operation there.
const OPERATIONS: Respell = Respell::Each {
    label: "operation",
    spellings: &[
        ("create", "Create"),
        ("start", "Power"),
        ("stop", "Power"),
        ("delete", "Delete"),
        ("restart", "Power"),
        ("pause", "Pause"),
        ("resume", "Resume"),
        ("power", "Power"),
        ("describe", "Describe"),
        ("reconfigure", "Reconfigure"),
        ("snapshot", "Snapshot"),
        ("clone", "Clone"),
        ("migrate", "Migrate"),
        ("image_prepare", "ImagePrepare"),
        ("hardware_upgrade", "HardwareUpgrade"),
    ],
};

/// There, every operation is a provider's.
const WITH_PROVIDER: Only = Only::Present {
    label: "provider_type",
};

const fn nova(name: &'static str, family: &'static Descriptor) -> Alias {
    Alias::new(name, Profile::NovaRc5, family)
}

const fn ml(name: &'static str, family: &'static Descriptor) -> Alias {
    Alias::new(name, Profile::Mle, family)
}

const fn virtrigaud(name: &'static str, family: &'static Descriptor) -> Alias {
    Alias::new(name, Profile::Virtrigaud, family)
}

const fn provisioner(name: &'static str, family: &'static Descriptor) -> Alias {
    Alias::new(name, Profile::LibvirtVolumeProvisioner, family)
}

const fn go(name: &'static str, family: &'static Descriptor) -> Alias {
    Alias::new(name, Profile::GoRuntime, family)
}
