//! The verbs as functions: strings in, and the recorder found by itself.
//!
//! The recorder is the one of the work at hand (a layer's, an attribute's, a test's scope), else the
//! installed one; if there is neither, nothing happens.

use super::api::ApiEnd;
use super::current::with_current;
use super::{Failure, Migration, Outcome};
use crate::catalog::database::DbOperation;
use crate::catalog::dwcp::LinkLabelsRef;
use crate::catalog::exporter::Site;
use crate::catalog::health::ServiceLabelsRef;
use crate::catalog::vm::VmOperation;
use crate::catalog::{
    ApiError, CallStatus, Method, MigrationStatus, OperationStatus, RequestErrorLabelsRef, Status,
    VmState,
};
use crate::metric::Seconds;

/// An API request ended: method, route template, response code, and the time it took in seconds or
/// as a `Duration`. An unknown method is `OTHER`; templates are capped at 200.
///
/// ```
/// novacron_telemetry::record::record_api_request("GET", "/api/v1/vms", 200, 0.012);
/// ```
pub fn record_api_request(method: &str, endpoint: &str, status: u16, duration: impl Into<Seconds>) {
    let duration = duration.into().get();
    with_current(|recorder| {
        let end = ApiEnd::answered(Status::new(status));
        recorder.finished_api_request(Method::from(method), endpoint, duration, &end);
    });
}

/// An API request met an error of this class, beside what its status says.
///
/// ```
/// novacron_telemetry::record::record_api_error("GET", "/api/v1/vms", "unavailable");
/// ```
pub fn record_api_error(method: &str, endpoint: &str, error_type: &str) {
    with_current(|recorder| {
        recorder
            .catalog()
            .api
            .errors_total
            .inc(&RequestErrorLabelsRef {
                method: Method::from(method),
                endpoint,
                error_type: ApiError::from(error_type),
            });
    });
}

/// A database statement finished: `SELECT` and so on, a table's name, `success` or `error`.
///
/// ```
/// novacron_telemetry::record::record_database_query("SELECT", "vms", "success", 0.003);
/// ```
pub fn record_database_query(
    operation: &str,
    table: &str,
    status: &str,
    duration: impl Into<Seconds>,
) {
    let (operation, status) = (DbOperation::from(operation), CallStatus::from(status));
    with_current(|recorder| recorder.database_query(operation, table, status, duration));
}

/// How many connections of a pool are lent out, how many wait in it, and how many it may open.
///
/// ```
/// novacron_telemetry::record::update_database_connections("default", 3, 5, 10);
/// ```
pub fn update_database_connections(pool: &str, active: u32, idle: u32, size: u32) {
    with_current(|recorder| recorder.database_connections(pool, active, idle, size));
}

/// An operation on a VM finished: `create` and so on, and `success`, `failure` or `error`. An
/// operation that the catalog does not know is left out, and counted in
/// `novacron_telemetry_internal_errors_total`.
///
/// ```
/// novacron_telemetry::record::record_vm_operation("start", "success", 1.5);
/// ```
pub fn record_vm_operation(operation: &str, status: &str, duration: impl Into<Seconds>) {
    let status = OperationStatus::from(status);
    with_current(|recorder| match VmOperation::parse(operation) {
        Some(operation) => recorder.vm_operation(operation, status, duration),
        None => recorder.internal_error(Site::Record),
    });
}

/// How many VMs are in this state.
///
/// ```
/// novacron_telemetry::record::update_vm_count("running", 12);
/// ```
pub fn update_vm_count(state: &str, count: u64) {
    with_current(|recorder| recorder.vm_count(VmState::from(state), count));
}

/// A migration over DWCP ended: from which node to which, `success`, `failed` or `cancelled`.
///
/// ```
/// novacron_telemetry::record::record_dwcp_migration("node-1", "node-2", "success", 42.0);
/// ```
pub fn record_dwcp_migration(
    source: &str,
    destination: &str,
    status: &str,
    duration: impl Into<Seconds>,
) {
    let outcome = match MigrationStatus::from(status) {
        MigrationStatus::Success => Outcome::Success,
        MigrationStatus::Cancelled => Outcome::Cancelled,
        MigrationStatus::Failed => Failure::INTERNAL.into(),
    };
    Migration::new(source, destination).finish(outcome, duration);
}

/// The share of a link's capacity in use, 0 to 100.
///
/// ```
/// novacron_telemetry::record::update_dwcp_bandwidth("link-1", 73.5);
/// ```
pub fn update_dwcp_bandwidth(link: &str, percent: f64) {
    with_current(|recorder| {
        recorder
            .catalog()
            .dwcp
            .bandwidth_utilization_percent
            .set(&LinkLabelsRef { link }, percent);
    });
}

/// Whether a service is up.
///
/// ```
/// novacron_telemetry::record::update_service_availability("api-server", true);
/// ```
pub fn update_service_availability(service: &str, up: bool) {
    with_current(|recorder| recorder.service_availability(service, up));
}

impl super::Recorder {
    /// Whether a service is up. A change is counted.
    pub fn service_availability(&self, service: &str, up: bool) {
        let health = &self.catalog().health;
        let labels = ServiceLabelsRef { service };
        let gauge = health.service_availability.with(&labels);
        let was = gauge.get();
        gauge.set(f64::from(u8::from(up)));
        health.service_availability_changes_total.touch(&labels);
        if was.is_some_and(|was| (was != 0.0) != up) {
            health.service_availability_changes_total.inc(&labels);
        }
    }
}
