//! Verbs: what a service says when something happened.
//!
//! A verb is a function that takes strings and plain numbers and finds its recorder by itself: the
//! one of the work at hand (a layer's, an attribute's, a test's scope), else the installed one; if
//! there is neither, nothing happens. Where types help, a method of [`Recorder`] takes them, and
//! what goes on for a while is a guard that ends exactly once, when it is finished or dropped. None
//! of them returns anything, and none can fail, panic, block or flood: a string lands in a closed
//! enum or in a capped label. A word that the catalog does not know and has no `other` for is left
//! out, and counted in `novacron_telemetry_internal_errors_total`.
//!
//! ```
//! use std::time::Duration;
//! use novacron_telemetry::record::{record_api_request, record_database_query};
//!
//! // Silent until something is installed, and callable all the same.
//! record_api_request("GET", "/api/v1/vms", 200, Duration::from_millis(12));
//! record_database_query("SELECT", "vms", "success", 0.003);
//! ```

mod alerts;
mod api;
mod breaker;
mod business;

mod connection;
mod coverage;
mod current;
mod database;
mod dwcp;
mod guard;
mod health;
mod hypervisor;
mod instrument;
mod lifecycle;
mod migration;
mod ml;
mod name;
mod outcome;
#[cfg(feature = "http")]
mod outgoing;
mod provider;
mod provisioner;
mod reconcile;
mod recorder;
mod request;
mod returned;
mod route;
#[cfg(feature = "grpc")]
mod rpc;
#[cfg(feature = "grpc")]
mod rpc_method;
mod run;
mod scheduler;
mod sites;
mod span;
mod storage;
mod stream;
mod support;
mod users;
mod verdict;
mod vm;
mod workflow;

use crate::context::clock;

pub use alerts::{record_alert, record_alert_resolution, update_active_alerts};
pub use api::UNMATCHED;
pub use breaker::{
    BreakerState, CircuitBreaker, record_circuit_breaker_failure, update_circuit_breaker,
};
pub use business::{
    UserSession, record_api_usage, record_billable_time, record_login, record_support_ticket,
    record_vm_provisioned, update_active_tenants, update_active_users, update_capacity_used,
    update_migrations_per_hour, update_quota_usage, update_slo,
};
pub use connection::{ApiConnection, WebSocketSession};
pub use coverage::Coverage;
pub use current::{Scoped, current, current_context, current_trace, installed};
pub use database::{
    DatabaseQuery, record_database_cache, record_database_connection_error,
    record_database_deadlock, record_database_query, record_database_transaction,
    record_database_wait, update_database_connections, update_database_replication_lag,
    update_database_up,
};
pub use dwcp::{
    record_dwcp_anomaly, record_dwcp_compression, record_dwcp_congestion, record_dwcp_consensus,
    record_dwcp_mode_latency, record_dwcp_operation, record_dwcp_sync, update_dwcp_bandwidth,
    update_dwcp_component_health, update_dwcp_delta_hits, update_dwcp_mode,
    update_dwcp_packet_loss, update_dwcp_prediction_accuracy,
};
pub use health::{
    record_failure_detection, record_service_start, update_dependency, update_service_availability,
};
pub use hypervisor::{
    VsphereSession, record_libvirt_connection, record_vsphere_call, record_vsphere_session,
};
pub use instrument::{ApiSite, Begin, recorder_of, work_future, work_sync};
pub use lifecycle::{
    record_image_prepare, record_vm_clone, record_vm_event, record_vm_migration,
    record_vm_reconfigure, record_vm_snapshot, record_vm_transition,
};
pub use migration::{
    Forecast, Measured, Migration, MigrationHandle, MigrationRun, MigrationSite, Round,
    record_dwcp_migration,
};
pub use ml::{
    ModelQuality, ModelRef, record_inference, record_training, update_data_drift,
    update_data_quality, update_feature_importance, update_model_deployments, update_model_gpu,
    update_model_loss, update_model_quality, update_model_resources, update_model_status,
    update_model_versions,
};
pub use outcome::{AsResult, Failure, Outcome, ToOutcome};
pub use provider::{
    ExternalCall, ProviderCall, ProviderTask, record_error, record_external_call,
    record_ip_discovery, update_provider_up,
};
pub use provisioner::{
    ProvisioningJob, record_image_cache, record_image_download, record_image_error,
    record_job_store, record_provisioner_request, update_provisioner_dependency,
    update_provisioner_health, update_provisioner_queue,
};
pub use reconcile::{QueueItem, Reconcile, WorkQueue, update_leader};
pub use recorder::{AsRecorder, Recorder, Settings};
pub use request::{
    record_api_error, record_api_request, record_auth_failure, record_queue_wait,
    record_validation_failure, update_concurrency_limit, update_endpoint_up,
};
pub use returned::{Count, Measure, Rows, Stated, outcome_of, result, returned};
pub use scheduler::{
    BackgroundJob, Backup, record_allocation_failure, record_backup, record_placement,
};
pub use sites::{
    ExternalCallSite, JobSite, ProviderCallSite, QuerySite, ReconcileSite, Site, TaskSite, VmSite,
};
pub use storage::{record_storage_operation, record_storage_transfer, update_storage_pool};
pub use stream::DwcpStream;
pub use support::{
    SupportBundle, record_docs_publish, record_docs_search, record_glossary_hit,
    update_docs_search_failure_ratio,
};
pub use users::UserLabels;
pub use verdict::{Ended, Verdict};
pub use vm::{VmWork, record_vm_operation, update_vm_count};
pub use workflow::{
    record_data_pipeline_failure, record_ml_scrape, record_workflow_stage, update_pipeline_health,
    update_workflow_success,
};

#[cfg(feature = "sqlx")]
pub(crate) use crate::context::clock::Moment;
#[cfg(feature = "http")]
pub(crate) use api::{ApiEnd, ApiRequest, Bytes, How};
#[cfg(feature = "http")]
pub(crate) use current::Frame;
pub(crate) use current::{install, uninstall};
#[cfg(feature = "otlp")]
pub(crate) use current::{is_unsampled_here, replace_context};
#[cfg(feature = "http")]
pub(crate) use guard::{Ending, Framed, Guard, Work};
#[cfg(feature = "grpc")]
pub(crate) use outgoing::ProviderRpc;
#[cfg(feature = "http")]
pub(crate) use outgoing::{ExternalSeries, ServiceCall};
#[cfg(feature = "grpc")]
pub(crate) use rpc::{RpcCall, RpcEnd};
#[cfg(feature = "grpc")]
pub(crate) use rpc_method::{RpcKind, Traffic};
