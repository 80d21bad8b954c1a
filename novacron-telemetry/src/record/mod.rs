//! Verbs: what a service says when something happened.
//!
//! Every verb exists twice: as a function that takes strings and finds its recorder by itself, and
//! as a method of [`Recorder`] or a small builder that takes types. Neither returns anything, and
//! neither can fail, panic, block or flood: a string lands in a closed enum or in a capped label.
//!
//! ```
//! use std::time::Duration;
//! use novacron_telemetry::record::{record_api_request, record_database_query};
//!
//! // Silent until something is installed, and callable all the same.
//! record_api_request("GET", "/api/v1/vms", 200, Duration::from_millis(12));
//! record_database_query("SELECT", "vms", "success", 0.003);
//! ```

mod api;
mod clock;
mod coverage;
mod current;
mod database;
mod flat;
mod guard;
mod instrument;
mod migration;
mod outcome;
mod recorder;
mod vm;

pub use api::UNMATCHED;
pub use coverage::Coverage;
pub use current::{Scoped, current, current_trace, installed};
pub use database::DatabaseQuery;
pub use flat::{
    record_api_error, record_api_request, record_database_query, record_dwcp_migration,
    record_vm_operation, update_database_connections, update_dwcp_bandwidth,
    update_service_availability, update_vm_count,
};
pub use instrument::{
    ApiSite, Measured, MigrationSite, api_future, api_sync, classify_error, classify_with, measure,
    measure_bytes, measure_downtime, migration_future, migration_sync, no_measure, outcome_of,
    recorder_of,
};
pub use migration::Migration;
pub use outcome::{AsResult, Failure, Outcome, ToOutcome};
pub use recorder::{AsRecorder, Recorder, Settings};
pub use vm::VmWork;

#[cfg(feature = "http")]
pub(crate) use api::{ApiEnd, ApiRequest, Bytes};
#[cfg(feature = "http")]
pub(crate) use current::Frame;
pub(crate) use current::{install, uninstall};
#[cfg(feature = "http")]
pub(crate) use guard::{Ending, Framed, Guard, Work};
