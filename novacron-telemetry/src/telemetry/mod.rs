//! Everything in one handle.
//!
//! ```
//! use novacron_telemetry::prelude::*;
//! use novacron_telemetry::registry::Groups;
//!
//! let telemetry = Telemetry::builder("api-server", env!("CARGO_PKG_VERSION"))
//!     .groups(Groups::CORE | Groups::ALERTS)
//!     .const_label("region", "fra")
//!     .build()?;
//! telemetry.scope(|| record_dwcp_migration("node-1", "node-2", "success", 42.0));
//! assert!(telemetry.render().contains("novacron_dwcp_migrations_total{"));
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```
//!
//! [`TelemetryBuilder::install`] makes it the one that free verbs and attributes write to; there is
//! one such per process. [`TelemetryBuilder::build`] makes one that is only reached through its
//! handle: for tests, and for hosts with several services in one process.

#[cfg(feature = "auth")]
mod auth;
mod builder;
#[cfg(feature = "listener")]
mod listen;
mod off_thread;
mod own;
mod process;
#[cfg(feature = "config")]
mod reload;
#[cfg(feature = "runtime")]
mod runtime;
mod shutdown;
#[cfg(feature = "signal")]
mod signal;
#[cfg(feature = "otlp")]
mod traces;

pub use builder::TelemetryBuilder;
pub use shutdown::Flushed;
#[cfg(feature = "signal")]
pub use signal::{EndSignal, ended, on_hangup};

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::collect::{Collector, Sampler, Schedule};
use crate::error::Result;
use crate::record::{AsRecorder, Coverage, Recorder, uninstall};
use crate::registry::{MetricGroup, Registry};

/// One service's telemetry. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry(Arc<Inner>);

struct Inner {
    registry: Registry,
    recorder: Recorder,
    component: Box<str>,
    /// Sends spans, if there is somewhere to send them.
    #[cfg(feature = "otlp")]
    exporter: Option<crate::traces::Exporter>,
    #[cfg(feature = "http")]
    metrics: crate::expose::MetricsService,
    #[cfg(feature = "health")]
    health: crate::health::Health,
    /// Whether the verbs of the whole process write to it.
    installed: bool,
    shut_down: AtomicBool,
    sampler: Sampler,
    #[cfg(feature = "logs")]
    logs: Option<crate::logs::Logs>,
    /// Ports of its own, closed at shutdown.
    #[cfg(feature = "listener")]
    listeners: crate::sync::Mutex<Vec<crate::expose::Listener>>,
}

impl Telemetry {
    /// Telemetry for the program of this name and version.
    ///
    /// The name is the process's `component` until [`TelemetryBuilder::component`] says otherwise.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> TelemetryBuilder {
        TelemetryBuilder::new(name.into(), version.into())
    }

    /// The registry, for sources and snapshots.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// What verbs and layers write through.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// Which part of the system this process is.
    #[must_use]
    pub fn component(&self) -> &str {
        &self.0.component
    }

    /// Registers a group of the host's own metrics: of a provider that counts more than the catalog
    /// knows, say. Names, units, labels and help are checked when it is compiled, that no name is
    /// taken by another family is checked here, and open labels are capped as everywhere.
    ///
    /// ```
    /// use novacron_telemetry::prelude::*;
    ///
    /// /// What the Proxmox provider counts beside the catalog.
    /// #[derive(Clone, Debug, MetricGroup)]
    /// #[metrics(prefix = "proxmox")]
    /// struct ProxmoxMetrics {
    ///     /// Tickets renewed, by how that ended.
    ///     tickets_total: Family<TicketLabels, Counter>,
    /// }
    ///
    /// #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
    /// struct TicketLabels {
    ///     renewed: bool,
    /// }
    ///
    /// let telemetry = Telemetry::builder("provider", "1.2.3").build()?;
    /// let proxmox = telemetry.register::<ProxmoxMetrics>()?;
    /// proxmox.tickets_total.inc(&TicketLabels { renewed: true });
    /// assert!(telemetry.render().contains("proxmox_tickets_total{renewed=\"true\"} 1\n"));
    ///
    /// /// The same name, and no labels.
    /// #[derive(Clone, Debug, MetricGroup)]
    /// #[metrics(prefix = "proxmox")]
    /// struct Another {
    ///     /// Tickets renewed.
    ///     tickets_total: Counter,
    /// }
    /// assert!(telemetry.register::<Another>().is_err());
    /// # Ok::<(), novacron_telemetry::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConflictingMetric`](crate::ErrorKind::ConflictingMetric) if one of its names is taken.
    pub fn register<G: MetricGroup>(&self) -> Result<G> {
        self.0.registry.register()
    }

    /// A layer that counts the requests of a tower service.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http_layer(&self) -> crate::layer::http::HttpLayer {
        crate::layer::http::HttpLayer::new(self.0.recorder.clone())
    }

    /// A layer that counts the calls of a gRPC server, if the group `grpc` is on.
    #[cfg(feature = "grpc")]
    #[must_use]
    pub fn grpc_layer(&self) -> crate::layer::grpc::GrpcLayer {
        crate::layer::grpc::GrpcLayer::new(self.0.recorder.clone())
    }

    /// A layer that counts the calls to an outside service over HTTP, if the group `provider` is on.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http_client_layer(&self, service: &str) -> crate::layer::client::HttpClientLayer {
        crate::layer::client::HttpClientLayer::new(self.0.recorder.clone(), service)
    }

    /// A layer that counts the calls to an outside service over gRPC, if the group `provider` is on;
    /// for those to a provider see
    /// [`GrpcClientLayer::provider`](crate::layer::client::GrpcClientLayer::provider).
    #[cfg(feature = "grpc")]
    #[must_use]
    pub fn grpc_client_layer(&self, service: &str) -> crate::layer::client::GrpcClientLayer {
        crate::layer::client::GrpcClientLayer::service(self.0.recorder.clone(), service)
    }

    /// The service to mount at `/metrics`.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn metrics_service(&self) -> crate::expose::MetricsService {
        self.0.metrics.clone()
    }

    /// A router with `/metrics`, to merge into an axum application.
    #[cfg(feature = "axum")]
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> axum::Router<S> {
        self.metrics_service().router("/metrics")
    }

    /// The service's health: register its checks here, and mount what it answers probes with.
    #[cfg(feature = "health")]
    #[must_use]
    pub fn health(&self) -> &crate::health::Health {
        &self.0.health
    }

    /// Runs a collector from now on: registers what it writes, and reads for the first time at once.
    ///
    /// # Errors
    ///
    /// [`ConflictingMetric`](crate::ErrorKind::ConflictingMetric) if one of its names is taken,
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) if a collector of its name runs or hangs,
    /// or if a thread cannot be started.
    pub fn collect<C: Collector>(&self, collector: C) -> Result<()> {
        self.collect_with(collector, C::SCHEDULE)
    }

    /// As [`collect`](Self::collect), at other times than the collector would choose.
    ///
    /// # Errors
    ///
    /// As [`collect`](Self::collect), and if the schedule cannot be kept.
    pub fn collect_with<C: Collector>(&self, collector: C, schedule: Schedule) -> Result<()> {
        self.0.sampler.add(&self.0.registry, collector, schedule)
    }

    /// Ends a collector, and takes its series away. Says whether there was one of this name.
    pub fn stop_collecting(&self, name: &str) -> bool {
        self.0.sampler.remove(name)
    }

    /// Shows that there could be a collector of this name, and that it is switched off:
    /// `novacron_collector_enabled` 0.
    pub fn collector_is_off(&self, name: &str) {
        self.0.sampler.off(name);
    }

    /// The exposition in the text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.registry.render()
    }

    /// Runs a closure whose verbs write here.
    pub fn scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.0.recorder.in_scope(f)
    }

    /// How many of the declared routes are counted.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.0.recorder.coverage()
    }

    /// Registered families of which nothing was ever recorded: candidates for an audit. A gauge
    /// that was set, a counter above 0 and a histogram with an observation count as recorded.
    #[must_use]
    pub fn never_recorded(&self) -> Vec<&'static str> {
        own::never_recorded(&self.0.registry)
    }
}

impl AsRecorder for Telemetry {
    fn as_recorder(&self) -> &Recorder {
        &self.0.recorder
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.installed {
            uninstall(&self.recorder);
            if !*self.shut_down.get_mut() {
                tracing::warn!(
                    component = %self.component,
                    "telemetry was dropped without `shutdown`; what was not scraped is lost"
                );
            }
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("component", &self.0.component)
            .field("registry", &self.0.registry)
            .finish_non_exhaustive()
    }
}
