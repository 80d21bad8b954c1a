//! The names that everybody types.
//!
//! ```
//! use novacron_telemetry::prelude::*;
//!
//! #[instrument_api(endpoint = "/api/v1/vms", method = "GET")]
//! async fn list_vms() -> Result<Vec<u32>, std::io::Error> {
//!     Ok(vec![7])
//! }
//! # let _ = list_vms();
//! ```

pub use novacron_telemetry_macros::{
    LabelSet, LabelValue, MetricGroup, instrument_api, instrument_migration,
};

pub use crate::label::{LabelSet as _, LabelValue as _};
pub use crate::metric::{Counter, Family, Gauge, Histogram, UpDownGauge};
pub use crate::record::{
    Migration, Outcome, record_api_request, record_database_query, record_dwcp_migration,
    update_dwcp_bandwidth,
};
pub use crate::registry::MetricGroup as _;
pub use crate::telemetry::Telemetry;
#[cfg(feature = "otlp")]
pub use crate::traces::Traces;
