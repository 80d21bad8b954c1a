//! How every family is read: a visitor, a walk that can pause.
//!
//! Encoders, snapshots and tests are visitors. A [`Walk`](super::Walk) takes one through the
//! families in the order of their names and through the series in the order they came to be; it
//! may pause after any series and go on later, holding no lock in between.
//!
//! ```
//! use novacron_telemetry::registry::visit::{Flow, Head, Labels, Value, Visitor};
//! use novacron_telemetry::catalog::ApiMetrics;
//! use novacron_telemetry::Registry;
//!
//! #[derive(Default)]
//! struct Families(Vec<String>);
//!
//! impl Visitor for Families {
//!     fn family(&mut self, head: &Head<'_>, resumed: bool) {
//!         if !resumed {
//!             self.0.push(head.name.to_owned());
//!         }
//!     }
//!     fn series(&mut self, _: Labels<'_>, _: Value<'_>) -> Flow {
//!         Flow::Pause
//!     }
//! }
//!
//! let registry = Registry::new();
//! registry.register::<ApiMetrics>()?;
//! let mut families = Families::default();
//! let mut walk = registry.walk();
//! while walk.step(&mut families) {}
//! assert!(families.0.iter().any(|name| name == "novacron_api_requests_total"));
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

pub use crate::metric::exemplar::Exemplar;
pub use crate::metric::visit::{
    Faults, Flow, Head, HistogramValue, Labels, Pin, Source, SummaryValue, Value, Visitor,
};
pub use crate::metric::{Kind, Unit};

pub(crate) use crate::label::escape;
