//! Two ways in for what others count: the `metrics` crate, and its Prometheus exporter.
//!
//! # The `metrics` crate (feature `facade`)
//!
//! Many libraries count with `metrics::counter!`, `gauge!` and `histogram!`. [`Facade`] is a
//! recorder for them, so that their numbers stand in the same exposition as ours.
//!
//! ```
//! # #[cfg(feature = "facade")]
//! # fn main() -> novacron_telemetry::Result<()> {
//! use novacron_telemetry::Registry;
//! use novacron_telemetry::facade::Facade;
//!
//! let registry = Registry::new();
//! let facade = Facade::builder(&registry)
//!     .buckets("acme.queue.wait", &[0.1, 1.0, 10.0])
//!     .build()?; // or `.install()`, for the whole process
//!
//! metrics::with_local_recorder(&facade, || {
//!     metrics::describe_counter!("acme.jobs", "Jobs that were taken.");
//!     metrics::counter!("acme.jobs", "queue" => "mail").increment(2);
//!     metrics::histogram!("acme.queue.wait").record(0.3);
//! });
//!
//! let text = registry.render();
//! assert!(text.contains("# HELP acme_jobs_total Jobs that were taken.\n"));
//! assert!(text.contains("acme_jobs_total{queue=\"mail\"} 2\n"));
//! assert!(text.contains("acme_queue_wait_bucket{le=\"1.0\"} 1\n"));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "facade"))]
//! # fn main() {}
//! ```
//!
//! What becomes of what it is given:
//!
//! | given | shown |
//! |---|---|
//! | a name | with `_` for everything but ASCII letters, digits and `_`; a counter's ends in `_total`; a unit is never appended |
//! | two names that would be shown as one (`a.b`, `a_b`), or one with two types, or a name of the catalog | the first; the other is refused: its handles do nothing |
//! | a label | likewise; `job`, `instance` and names of constant labels become `exported_…`, as Prometheus would call them |
//! | the labels `le`, `quantile`, `__…`; one twice; two that would be shown as one | not at all: the handle does nothing |
//! | a label's value | at most 256 bytes, without control characters; what was altered is marked so that two values stay two |
//! | more label sets than a family may have | the label with the most values becomes `__other__`; past 64 such sets all labels do. Sums stay true |
//! | NaN, an infinity or a negative number in a histogram; NaN or an infinity added to a gauge | refused and counted; a gauge may be *set* to anything |
//! | `describe_…!` | HELP and unit, also after the first use; the first description stays |
//!
//! Observations go into buckets at once and nothing is buffered, so memory does not depend on
//! whether somebody scrapes. Nothing expires: a handle that is held counts for as long as it is held.
//! Refusals are counted in `novacron_telemetry_internal_errors_total{site="registry"}` each time a
//! handle is asked for, and logged once per name; what was folded, in
//! `novacron_telemetry_series_overflow_total`.
//!
//! Two majors of the `metrics` crate in one program do not see each other's recorders: `cargo tree
//! -d -i metrics` tells whether a dependency counts into nothing.
//!
//! # metrics-exporter-prometheus (feature `exporter-prometheus`)
//!
//! A host that runs this exporter already keeps it, and
//! `Registry::add_exporter` shows what it holds among the rest.
//!
//! ```
//! # #[cfg(feature = "exporter-prometheus")]
//! # fn main() -> novacron_telemetry::Result<()> {
//! use metrics_exporter_prometheus::PrometheusBuilder;
//! use novacron_telemetry::Registry;
//!
//! let recorder = PrometheusBuilder::new().build_recorder(); // or `install_recorder()`
//! let registry = Registry::new();
//! registry.add_exporter(recorder.handle())?;
//!
//! # #[cfg(feature = "facade")]
//! # fn count(recorder: &metrics_exporter_prometheus::PrometheusRecorder) {
//! # use metrics::Recorder;
//! # const HERE: metrics::Metadata<'_> = metrics::Metadata::new("doc", metrics::Level::INFO, None);
//! # recorder.register_counter(&metrics::Key::from_name("acme_jobs_total"), &HERE).increment(2);
//! # }
//! # #[cfg(feature = "facade")]
//! count(&recorder); // what the host does anyway
//! # #[cfg(feature = "facade")]
//! assert!(registry.render().contains("acme_jobs_total 2\n"));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "exporter-prometheus"))]
//! # fn main() {}
//! ```
//!
//! Names and labels stay as the host's dashboards know them; only `le` gets our one spelling. What
//! cannot be shown is left out, counted and logged once: a family whose name is ours, a line that
//! cannot be read, a series that is there twice (the exporter's escaping makes one of some pairs of
//! label values), what comes after 16 MiB of text. Each reading asks the exporter anew, and takes
//! memory for its families while it lasts. A small thread does the exporter's upkeep every five
//! seconds, so that its histograms do not grow while nobody scrapes; it ends with the registry.

#[cfg(feature = "facade")]
mod cell;
mod complaint;
#[cfg(feature = "exporter-prometheus")]
mod draft;
#[cfg(feature = "exporter-prometheus")]
mod exporter;
#[cfg(feature = "exporter-prometheus")]
mod exposition;
#[cfg(feature = "exporter-prometheus")]
mod foreign;
#[cfg(feature = "facade")]
mod house;
#[cfg(feature = "facade")]
mod lookup;
#[cfg(feature = "facade")]
mod name;
#[cfg(feature = "facade")]
mod recorder;
#[cfg(feature = "facade")]
mod series;

#[cfg(feature = "facade")]
pub use recorder::{DEFAULT_BUCKETS, Facade, FacadeBuilder};
