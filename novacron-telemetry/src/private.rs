//! What the macros of `novacron-telemetry-macros` may name. Not part of the interface.

pub use crate::error::{Error, Result};
pub use crate::label::{Domain, LabelDescriptor, LabelKey, LabelSet, LabelValue, OpenText, Part};
pub use crate::metric::check;
pub use crate::metric::{Descriptor, Instrument, Kind, Unit, Writer, buckets};
pub use crate::registry::{MetricGroup, Probe, Scope, Unknown, register};

pub use crate::catalog::Method;
pub use crate::record::{
    ApiSite, AsResult, Failure, MigrationSite, Outcome, api_future, api_sync, classify_error,
    classify_with, current, measure, measure_bytes, measure_downtime, migration_future,
    migration_sync, no_measure, outcome_of, recorder_of,
};
