//! What the macros of `novacron-telemetry-macros` may name. Not part of the interface.

pub use crate::error::{Error, Result};
pub use crate::label::{Domain, LabelDescriptor, LabelKey, LabelSet, LabelValue, Part};
pub use crate::metric::check;
pub use crate::metric::{Descriptor, Instrument, Kind, Unit, Writer, buckets};
pub use crate::registry::{MetricGroup, Scope, register};
