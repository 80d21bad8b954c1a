//! What the macros of `novacron-telemetry-macros` may name. Not part of the interface.

pub use crate::error::{Error, Result};
pub use crate::label::{Domain, LabelDescriptor, LabelKey, LabelSet, LabelValue, OpenText, Part};
pub use crate::metric::check;
pub use crate::metric::{Descriptor, Instrument, Kind, Unit, Writer, buckets};
pub use crate::registry::{MetricGroup, Probe, Scope, Unknown, register};

pub use crate::catalog::database::DbOperation;
pub use crate::catalog::dwcp::DwcpMode;
pub use crate::catalog::reconcile::ResourceKind;
pub use crate::catalog::vm::{MigrationType, VmOperation};
pub use crate::catalog::{Method, ProviderType};
pub use crate::record::{
    ApiSite, ExternalCallSite, JobSite, MigrationSite, ProviderCallSite, QuerySite, ReconcileSite,
    TaskSite, VmSite, current, outcome_of, recorder_of, result, returned, work_future, work_sync,
};
