//! Who exists: metrics by name, and how they are read.
//!
//! A registry is a value, cheap to clone; tests make as many as they like. The same descriptor
//! registered twice gives the same handle; another one under the same name is an error that names
//! the metric.
//!
//! ```
//! use novacron_telemetry::catalog::{DatabaseMetrics, ApiMetrics};
//! use novacron_telemetry::Registry;
//!
//! let registry = Registry::new();
//! let first = registry.register::<DatabaseMetrics>()?;
//! let again = registry.register::<DatabaseMetrics>()?;
//! first.deadlocks_total.inc();
//! assert_eq!(again.deadlocks_total.get(), 1);
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

mod alias;
mod builder;
mod entries;
mod group;
mod provider;
mod snapshot;
pub mod visit;
mod walk;

#[doc(inline)]
pub use novacron_telemetry_macros::MetricGroup;

pub use alias::{Alias, Only, Profile, Respell};
pub use builder::RegistryBuilder;
pub use group::{Groups, Handles, MetricGroup, register};
#[doc(hidden)]
pub use group::{Probe, Unknown};
pub use provider::Provider;
pub use snapshot::{Sample, Series, Snapshot};
pub use walk::Walk;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Weak};

use crate::cell::Cells;
use crate::error::{Error, ErrorKind, Result};
use crate::metric::family::Joined;
use crate::metric::{Descriptor, Instrument, Limits, Room, check};
use crate::sync::RwLock;
use entries::{Entries, Entry, line_names};
use visit::{Faults, Head, Source};

/// Every metric of one service, by name.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    cells: Arc<Cells>,
    settings: Settings,
    entries: RwLock<Entries>,
    /// Run before each scrape, to bring up to date what is read rather than counted; one that
    /// answers `false` has run for the last time.
    refreshers: RwLock<Vec<Refresher>>,
    /// Asked for their families at each reading.
    providers: RwLock<Vec<Arc<dyn Provider>>>,
    windows: walk::Windows,
    /// Panics of sources and refreshers, caught.
    panics: std::sync::atomic::AtomicU64,
    /// What was left out because of its name or past a limit.
    refusals: std::sync::atomic::AtomicU64,
}

type Refresher = Arc<dyn Fn() -> bool + Send + Sync>;

#[derive(Clone, Debug, Default)]
struct Settings {
    limits: Limits,
    /// `key="value"` of the constant labels, joined by commas.
    constant: Arc<str>,
    /// Their names: no family may have a label of its own with one of them.
    constant_names: BTreeSet<String>,
    opted_in: BTreeSet<String>,
}

impl Registry {
    /// An empty registry with default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A registry with limits, constant labels or opted-in families.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// Registers every family of a group and returns its handles.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ConflictingMetric`] if a family's name is taken by a family with another type,
    /// other labels or other buckets. Families that came before it in the group stay registered.
    pub fn register<G: MetricGroup>(&self) -> Result<G> {
        G::register(&mut Scope {
            registry: self,
            joined: Joined::default(),
        })
    }

    /// Shows numbers that live elsewhere as one more family.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidMetric`] if the name breaks the formats' rules,
    /// [`ErrorKind::ConflictingMetric`] if it is taken.
    pub fn add_source(&self, source: Arc<dyn Source>) -> Result<()> {
        // Asked before the lock is taken: a source is the host's code.
        let head = source.head();
        let (name, lines) = (head.name.to_owned(), line_names(&head));
        if !check::exposed_name(&name) {
            return Err(provider::unusable(&name));
        }
        self.0.entries.update(|entries| {
            entries.claim(&name, lines)?;
            entries.by_name.insert(
                name,
                Entry {
                    descriptor: None,
                    handle: Box::new(()),
                    source,
                },
            );
            entries.relist();
            Ok(())
        })
    }

    /// Runs `refresh` before each scrape, in the order they were added. A panic in it is caught and
    /// counted; the scrape goes on.
    pub fn before_scrape(&self, refresh: impl Fn() + Send + Sync + 'static) {
        self.before_scrape_while(move || {
            refresh();
            true
        });
    }

    /// As [`before_scrape`](Self::before_scrape), for as long as `refresh` answers `true`: for what
    /// may be gone before the registry is. One that answers `false` is dropped.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use novacron_telemetry::Registry;
    ///
    /// let registry = Registry::new();
    /// let cache = Arc::new("what somebody else owns");
    /// let weak = Arc::downgrade(&cache);
    /// registry.before_scrape_while(move || weak.upgrade().is_some_and(|_cache| true));
    /// registry.render();
    /// assert_eq!(Arc::weak_count(&cache), 1);
    ///
    /// let another = Arc::downgrade(&cache);
    /// drop(cache);
    /// registry.render();
    /// assert!(another.upgrade().is_none(), "and nothing is left in the registry");
    /// ```
    pub fn before_scrape_while(&self, refresh: impl Fn() -> bool + Send + Sync + 'static) {
        self.0
            .refreshers
            .update(|refreshers| refreshers.push(Arc::new(refresh)));
    }

    /// A handle that does not keep the registry alive: for refreshers, which the registry holds.
    #[must_use]
    pub fn downgrade(&self) -> WeakRegistry {
        WeakRegistry(Arc::downgrade(&self.0))
    }

    /// Whether a family of this name is registered.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.entries.read().by_name.contains_key(name)
    }

    /// The source of the family of this name.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<Arc<dyn Source>> {
        let entries = self.0.entries.read();
        entries
            .by_name
            .get(name)
            .map(|entry| Arc::clone(&entry.source))
    }

    /// The descriptors of all registered families, by name.
    #[must_use]
    pub fn descriptors(&self) -> Vec<&'static Descriptor> {
        let entries = self.0.entries.read();
        entries
            .by_name
            .values()
            .filter_map(|entry| entry.descriptor)
            .collect()
    }

    /// Whether every series carries a constant label of this name.
    #[cfg(any(feature = "facade", feature = "exporter-prometheus"))]
    pub(crate) fn is_constant_label(&self, name: &str) -> bool {
        self.0.settings.constant_names.contains(name)
    }

    /// The constant labels, as they stand on the wire.
    #[must_use]
    pub fn constant_labels(&self) -> Arc<str> {
        Arc::clone(&self.0.settings.constant)
    }

    /// Refused and folded observations per family, where there were any.
    #[must_use]
    pub fn faults(&self) -> Vec<(String, Faults)> {
        let sources = Arc::clone(&self.0.entries.read().sources);
        sources
            .iter()
            .map(|source| (source.head().name.to_owned(), source.faults()))
            .filter(|(_, faults)| *faults != Faults::default())
            .collect()
    }

    /// The families of the catalog's kind of which a reading showed more than zeros so far.
    #[must_use]
    pub fn recorded_families(&self) -> Vec<&'static Descriptor> {
        let entries = self.0.entries.read();
        entries
            .by_name
            .values()
            .filter(|entry| entry.source.recorded())
            .filter_map(|entry| entry.descriptor)
            .collect()
    }

    /// Heap held by cells and tables, in bytes; an estimate from below.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let sources = Arc::clone(&self.0.entries.read().sources);
        self.0.cells.heap_bytes()
            + sources
                .iter()
                .map(|source| source.heap_bytes())
                .sum::<usize>()
    }
}

/// A registry that may be gone; see [`Registry::downgrade`].
#[derive(Clone)]
pub struct WeakRegistry(Weak<Inner>);

impl WeakRegistry {
    /// The registry, if somebody still holds it.
    #[must_use]
    pub fn upgrade(&self) -> Option<Registry> {
        self.0.upgrade().map(Registry)
    }
}

impl fmt::Debug for WeakRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakRegistry")
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("families", &self.0.entries.read().by_name.len())
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

/// A registration under way: what the derived `register` takes its handles from.
#[derive(Debug)]
pub struct Scope<'a> {
    registry: &'a Registry,
    joined: Joined,
}

impl Scope<'_> {
    pub(crate) fn instrument<M: Instrument>(
        &mut self,
        descriptor: &'static Descriptor,
    ) -> Result<M> {
        let Inner {
            cells,
            settings,
            entries,
            ..
        } = &*self.registry.0;
        if descriptor.opt_in && !settings.opted_in.contains(descriptor.name) {
            return Ok(M::noop());
        }
        let room = Room {
            cells,
            joined: &self.joined,
            limits: settings.limits,
        };
        entries.update(|entries| {
            if let Some(entry) = entries.by_name.get(descriptor.name)
                && entry.descriptor.is_some_and(|known| known == descriptor)
                && let Some(handle) = entry.handle.downcast_ref::<M>()
            {
                return Ok(handle.clone());
            }
            if let Some(label) = descriptor
                .labels
                .iter()
                .find(|label| settings.constant_names.contains(label.name))
            {
                return Err(Error::new(
                    ErrorKind::ConflictingMetric,
                    format!(
                        "`{}` has a label `{}`, which is a constant label of this process already",
                        descriptor.name, label.name
                    ),
                ));
            }
            entries.claim(descriptor.name, line_names(&Head::of(descriptor)))?;
            let (handle, source) = M::create(descriptor, &room);
            entries.by_name.insert(
                descriptor.name.to_owned(),
                Entry {
                    descriptor: Some(descriptor),
                    handle: Box::new(handle.clone()),
                    source,
                },
            );
            entries.relist();
            Ok(handle)
        })
    }
}
