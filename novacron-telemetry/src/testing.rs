//! Telemetry for one test: isolated, parallel, on any runtime.
//!
//! Outside of semantic versioning: it may change in any release.
//!
//! ```
//! use novacron_telemetry::catalog::ApiMetrics;
//! use novacron_telemetry::prelude::*;
//! use novacron_telemetry::testing::TestTelemetry;
//!
//! #[instrument_api(endpoint = "/api/v1/vms/{id}", method = "DELETE")]
//! async fn delete_vm(id: u32) -> Result<(), std::io::Error> {
//!     Err(std::io::Error::other(format!("no VM {id}")))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let telemetry = TestTelemetry::new();
//! telemetry.scope(delete_vm(7)).await.unwrap_err();
//! assert_eq!(telemetry.counter(ApiMetrics::ERRORS_TOTAL, [("error_type", "internal")]), 1);
//! # });
//! ```

use std::future::Future;

use crate::catalog::Catalog;
use crate::metric::{Descriptor, Kind};
use crate::record::{AsRecorder, Recorder, Scoped, Settings};
use crate::registry::{Groups, Registry, Snapshot};

/// A recorder and its registry, with every group on.
#[derive(Clone, Debug)]
pub struct TestTelemetry {
    registry: Registry,
    recorder: Recorder,
}

impl Default for TestTelemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl TestTelemetry {
    /// Telemetry that nobody else sees.
    ///
    /// # Panics
    ///
    /// If the catalog contradicts itself, which the library's own tests rule out.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        // UNWRAP: the registry is empty, and that the catalog has no name twice is checked at
        // compile time.
        let catalog = Catalog::register(&registry, Groups::ALL).expect("the catalog is consistent");
        Self {
            recorder: Recorder::new(catalog, Settings::default()),
            registry,
        }
    }

    /// Runs a future whose verbs, attributes and layers write here. A task that it spawns does not:
    /// wrap the task too.
    pub fn scope<F: Future>(&self, future: F) -> Scoped<F> {
        self.recorder.scope(future)
    }

    /// Runs a closure whose verbs and attributes write here.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.recorder.in_scope(f)
    }

    /// What verbs and layers write through.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Every series now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.registry.snapshot()
    }

    /// The sum of a counter over all series that carry at least these labels.
    ///
    /// # Panics
    ///
    /// If the descriptor is of no counter.
    #[track_caller]
    #[must_use]
    pub fn counter<'a>(
        &self,
        family: &Descriptor,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> u64 {
        assert_eq!(family.kind, Kind::Counter, "{} is no counter", family.name);
        self.sum(family, labels) as u64
    }

    /// How many observations a histogram took, over all series that carry at least these labels.
    ///
    /// # Panics
    ///
    /// If the descriptor is of no histogram.
    #[track_caller]
    #[must_use]
    pub fn observations<'a>(
        &self,
        family: &Descriptor,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> u64 {
        assert_eq!(
            family.kind,
            Kind::Histogram,
            "{} is no histogram",
            family.name
        );
        self.sum(family, labels) as u64
    }

    /// The value of the one gauge series that carries at least these labels; `None` if there is
    /// none.
    ///
    /// # Panics
    ///
    /// If the descriptor is of no gauge, or if several series carry the labels.
    #[track_caller]
    #[must_use]
    pub fn gauge<'a>(
        &self,
        family: &Descriptor,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Option<f64> {
        assert_eq!(family.kind, Kind::Gauge, "{} is no gauge", family.name);
        let labels: Vec<_> = labels.into_iter().collect();
        let snapshot = self.snapshot();
        let mut found = snapshot
            .series(family.name)
            .iter()
            .filter(|series| labels.iter().all(|(name, value)| series.has(name, value)));
        let first = found.next();
        assert!(
            found.next().is_none(),
            "several series of {} carry {labels:?}",
            family.name
        );
        first.map(|series| series.sample.value())
    }

    fn sum<'a>(
        &self,
        family: &Descriptor,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> f64 {
        let labels: Vec<_> = labels.into_iter().collect();
        self.snapshot().sum(family.name, &labels)
    }
}

impl AsRecorder for TestTelemetry {
    fn as_recorder(&self) -> &Recorder {
        &self.recorder
    }
}
