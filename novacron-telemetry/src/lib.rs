//! One typed metric catalog for services that run virtual machines, and everything that follows
//! from it: verbs, attributes and tower layers that write it, an exposer that Prometheus reads.
//!
//! # First scrape
//!
//! ```
//! use novacron_telemetry::prelude::*;
//!
//! #[instrument_api(endpoint = "/api/v1/vms", method = "GET")]
//! fn list_vms() -> Result<Vec<u32>, std::io::Error> {
//!     Ok(vec![7])
//! }
//!
//! let telemetry = Telemetry::builder("vm-manager", env!("CARGO_PKG_VERSION")).install()?;
//! list_vms()?;
//! record_dwcp_migration("node-1", "node-2", "success", 42.0);
//!
//! let scrape = telemetry.render();
//! assert!(scrape.contains("novacron_api_requests_total{method=\"GET\",endpoint=\"/api/v1/vms\",status=\"200\"} 1"));
//! telemetry.shutdown_blocking(std::time::Duration::from_secs(5))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With axum it is two lines: `.layer(telemetry.http_layer())` and `.merge(telemetry.router())`.
//!
//! # The idea
//!
//! - **A metric is declared once**, as a field of a struct, and the doc comment above it is its HELP
//!   text ([`catalog`], [`registry::MetricGroup`]).
//! - **Recording never fails**, panics, blocks or allocates once warm; setting up may fail, once, with
//!   one [`Error`].
//! - **A number has one writer**: every thread counts in its own cells, and a scrape adds them up
//!   ([`metric`]).
//! - **Whoever sees a request first owns it**, and whatever ends it (an answer, an error, a panic, a
//!   time-out, the client leaving) counts it exactly once ([`record`], [`layer`]).
//! - **A label cannot flood**: its values are an enum, or a newtype that states its cap ([`label`]).
//!
//! # Attributes
//!
//! | mark | one per call |
//! |---|---|
//! | [`instrument_api`] | API request |
//! | [`instrument_migration`] | migration between two nodes |
//! | [`instrument_query`] | database statement |
//! | [`instrument_vm`] | operation on a VM |
//! | [`instrument_job`] | provisioning job |
//! | [`instrument_task`] | run of a background job |
//! | [`instrument_reconcile`] | reconcile loop |
//! | [`instrument_provider_call`] | call to a provider |
//! | [`instrument_external_call`] | call to an outside service |
//!
//! All but the first have a guard in [`record`], for where there is no function to mark.
//!
//! # Rooms
//!
//! | room | what is in it |
//! |---|---|
//! | [`label`] | what may stand between the braces |
//! | [`metric`] | counters, gauges, histograms, families |
//! | [`registry`] | who exists, and how it is read |
//! | [`catalog`] | every `novacron_*` family |
//! | [`record`] | verbs: what a service says when something happened |
//! | [`layer`] | tower layers that say it for you (feature `http`) |
//! | `sqlx` | a pool of connections that says how it is (feature `sqlx`) |
//! | [`collect`] | reading what others count: the thread that runs collectors |
//! | [`context`] | which trace work belongs to, and whether it is recorded |
//! | `traces` | spans to a collector (feature `otlp`) |
//! | `logs` | lines: JSON and text layouts, a bounded writer (feature `logs`) |
//! | [`redact`] | what is never shown |
//! | [`expose`] | serving scrapes |
//! | [`telemetry`] | all of it in one handle |
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `http` | yes | `HttpLayer`, `HttpClientLayer`, `MetricsService` |
//! | `facade` | yes | what is counted with `metrics::counter!` lands in the same registry, capped |
//! | `grpc` | no | `GrpcLayer`, `GrpcClientLayer`; needs no gRPC library |
//! | `axum` | no | `Telemetry::router`, route templates from axum's matched path |
//! | `gzip` | no | compressed scrapes for those who ask |
//! | `auth` | no | `BearerAuth`: a token in front of scrapes and probes, in whatever server |
//! | `listener` | no | `Telemetry::listen`: a port of its own, on a thread of its own |
//! | `tls` | no | TLS and mutual TLS on that port (rustls with ring) |
//! | `runtime` | no | the host's tokio runtime: workers, tasks, busy time, wake-up lag |
//! | `exporter-prometheus` | no | a `PrometheusHandle` that the host has already is one more source |
//! | `logs` | no | log lines: JSON and text layouts, redaction, a bounded writer, a filter that reloads |
//! | `describe` | no | the catalog as markdown and JSON |
//! | `sqlx` | no | an observed pool of sqlx 0.9, which needs Rust 1.94 |
//! | `otlp` | no | spans to a collector over HTTP, and of the host's own `tracing` |
//! | `otlp-grpc` | no | the same over gRPC |
//! | `testing` | no | `TestTelemetry`; outside semantic versioning |
//! | `full` | no | all but `sqlx` and `testing` |
//!
//! Minimum supported Rust version: 1.88. It is raised only in a minor release, and never above a
//! compiler that is six months old.

// The derives say `::novacron_telemetry::…`, also here.
#[allow(
    unused_extern_crates,
    reason = "only expansions of the derives name it"
)]
extern crate self as novacron_telemetry;

pub mod catalog;
mod cell;
pub mod collect;
#[cfg(feature = "config")]
pub mod config;
pub mod context;
#[cfg(feature = "describe")]
pub mod describe;
mod encode;
mod error;
pub mod expose;
#[cfg(any(feature = "facade", feature = "exporter-prometheus"))]
pub mod facade;
#[cfg(feature = "health")]
pub mod health;
pub mod label;
#[cfg(feature = "http")]
pub mod layer;
#[cfg(feature = "logs")]
pub mod logs;
pub mod metric;
pub mod prelude;
pub mod record;
pub mod redact;
pub mod registry;
#[cfg(feature = "sqlx")]
pub mod sqlx;
mod sync;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "otlp")]
pub mod traces;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use error::{Error, ErrorKind, Result};
#[doc(inline)]
pub use novacron_telemetry_macros::{
    instrument_api, instrument_external_call, instrument_job, instrument_migration,
    instrument_provider_call, instrument_query, instrument_reconcile, instrument_task,
    instrument_vm,
};
pub use registry::Registry;
pub use telemetry::Telemetry;
