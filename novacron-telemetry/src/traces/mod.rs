//! Where spans go: to a collector that speaks OTLP, from a thread of our own.
//!
//! ```no_run
//! use novacron_telemetry::prelude::*;
//! use novacron_telemetry::context::Class;
//! use novacron_telemetry::traces::Traces;
//!
//! let telemetry = Telemetry::builder("api-server", env!("CARGO_PKG_VERSION"))
//!     .traces(Traces::otlp("http://collector:4318").sample(Class::Default, 0.2))
//!     .install()?;
//! // …
//! let flushed = telemetry.flush_traces(std::time::Duration::from_secs(2));
//! println!("{} spans are at the collector, {} are lost", flushed.exported, flushed.lost);
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```
//!
//! Layers, attributes and guards open spans by themselves. Whoever hands one over puts it into a
//! queue that has room for so many and no more, and goes on: the collector may be away when the
//! host starts, hang, come back, or never have been there. The exporter says so once, in a log
//! event, and counts what was lost and why in `novacron_telemetry_dropped_total{signal="traces"}`.
//!
//! The thread needs no runtime, and ends with the host. With the feature `otlp-grpc` it has a small
//! runtime of its own.

mod encode;
mod endpoint;
mod exporter;
#[cfg(feature = "otlp-grpc")]
mod grpc;
mod http;
mod layer;
mod options;
mod queue;
mod quiet;
mod transport;
mod wire;
mod worker;

pub(crate) use exporter::{Exporter, Origin};
pub use layer::{TraceFilter, TraceLayer};
pub use options::{Protocol, Traces};
pub use queue::SpansFlushed;
