//! Which trace a piece of work belongs to, whether that trace is recorded, and how both are told to
//! the next service.
//!
//! Below everything that records, so that exemplars and log lines can name the trace, and verbs and
//! layers open spans, without knowing where spans go.
//!
//! A trace is kept or not when it begins, by the [class](Class) of its first span and by its id:
//! every service that sees the same id at the same rate says the same. A parent in another process
//! has the last word, except about health checks. Nothing is built for spans that are not kept; if
//! the first span of such a trace fails, is slow or is cancelled, it is exported all the same,
//! [marked](FinishedSpan::rescued).
//!
//! ```
//! use novacron_telemetry::context::{TraceContext, TraceIds};
//!
//! let ids = TraceIds::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
//! assert_eq!(ids.span_id, 0x00f0_67aa_0ba9_02b7);
//! assert!(ids.sampled);
//! assert_eq!(TraceContext::parse("00-0-0-01", ""), None, "a bad header is no header");
//! ```

mod class;
pub(crate) mod clock;
pub(crate) mod finished;
mod ids;
mod propagate;
mod sampler;
mod state;
#[cfg(all(test, not(novacron_loom)))]
mod tests;
mod tracer;

pub use class::{Class, SamplingRates};
pub use finished::{Attributes, FinishedSpan, Rescue, SpanEvent, SpanKind, SpanStatus, Value};
pub use ids::TraceIds;
#[cfg(feature = "otlp")]
pub(crate) use ids::random_u32;
pub use propagate::{TraceContext, Traceparent};
pub(crate) use tracer::Span;
pub use tracer::{SpanSink, Tracer};
