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
mod group;
mod snapshot;
pub mod visit;
mod walk;

#[doc(inline)]
pub use novacron_telemetry_macros::MetricGroup;

pub use alias::{Alias, Only, Profile, Respell};
pub use group::{Groups, MetricGroup, register};
#[doc(hidden)]
pub use group::{Probe, Unknown};
pub use snapshot::{Sample, Series, Snapshot};
pub use walk::Walk;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Weak};

use crate::cell::Cells;
use crate::error::{Error, ErrorKind, Result};
use crate::label::fragment::fragment;
use crate::metric::family::Joined;
use crate::metric::{Descriptor, Instrument, Kind, Limits, Room, check};
use crate::sync::RwLock;
use visit::{Faults, Head, Source};

/// Every metric of one service, by name.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    cells: Arc<Cells>,
    settings: Settings,
    entries: RwLock<Entries>,
    /// Run before each scrape, to bring up to date what is read rather than counted.
    refreshers: RwLock<Vec<Arc<dyn Fn() + Send + Sync>>>,
    windows: walk::Windows,
    /// Panics of sources and refreshers, caught.
    panics: std::sync::atomic::AtomicU64,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    limits: Limits,
    /// `key="value"` of the constant labels, joined by commas.
    constant: Arc<str>,
    /// Their names: no family may have a label of its own with one of them.
    constant_names: BTreeSet<String>,
    opted_in: BTreeSet<String>,
}

#[derive(Default)]
struct Entries {
    by_name: BTreeMap<String, Entry>,
    /// Every name that stands on a line of the exposition: `x_sum` belongs to histogram `x`.
    taken: BTreeMap<String, String>,
    /// The sources in the order of their names, for walks.
    sources: Arc<[Arc<dyn Source>]>,
}

struct Entry {
    descriptor: Option<&'static Descriptor>,
    handle: Box<dyn Any + Send + Sync>,
    source: Arc<dyn Source>,
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
        if !check::name(&name) {
            return Err(Error::new(
                ErrorKind::InvalidMetric,
                format!(
                    "`{}` is no metric name: use snake_case, a letter first",
                    name.escape_debug()
                ),
            ));
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

impl Entries {
    /// Takes the names that a family's lines begin with.
    fn claim(&mut self, family: &str, lines: Vec<String>) -> Result<()> {
        for name in &lines {
            if let Some(owner) = self.taken.get(name) {
                let why = if owner == family {
                    format!(
                        "`{owner}` is already registered with another type, other labels or other buckets"
                    )
                } else {
                    format!("`{family}` would print lines named `{name}`, which belong to `{owner}`")
                };
                return Err(Error::new(ErrorKind::ConflictingMetric, why));
            }
        }
        self.taken
            .extend(lines.into_iter().map(|name| (name, family.to_owned())));
        Ok(())
    }

    fn relist(&mut self) {
        self.sources = self
            .by_name
            .values()
            .map(|entry| Arc::clone(&entry.source))
            .collect();
    }
}

/// The names that a family's lines and headers begin with, in any format.
fn line_names(head: &Head<'_>) -> Vec<String> {
    let name = head.name;
    let mut names = vec![name.to_owned()];
    match head.kind {
        Kind::Histogram => {
            names.extend(["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")));
        }
        // OpenMetrics heads a counter with its name without `_total`.
        Kind::Counter => names.extend(name.strip_suffix("_total").map(str::to_owned)),
        Kind::Gauge => {}
    }
    names
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

/// Settings of a registry that is about to be.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RegistryBuilder {
    limits: Limits,
    constant: Vec<(String, String)>,
    opted_in: BTreeSet<String>,
}

impl RegistryBuilder {
    /// The most series that a family with open labels may have, all its label sets together.
    pub fn max_series(mut self, series: u32) -> Self {
        self.limits.series = series;
        self
    }

    /// A label that every series carries. Names that break the rules are left out by
    /// [`build`](Self::build) and refused by [`try_build`](Self::try_build).
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.constant.push((name.into(), value.into()));
        self
    }

    /// Switches a family on that is off unless asked for.
    pub fn opt_in(mut self, family: impl Into<String>) -> Self {
        self.opted_in.insert(family.into());
        self
    }

    /// The registry.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidMetric`] if a constant label's name breaks the rules or is there twice.
    pub fn try_build(self) -> Result<Registry> {
        for (at, (name, _)) in self.constant.iter().enumerate() {
            let twice = self.constant[..at]
                .iter()
                .any(|(earlier, _)| earlier == name);
            if twice || !check::label(name) {
                return Err(Error::new(
                    ErrorKind::InvalidMetric,
                    format!(
                        "constant label `{}` {}",
                        name.escape_debug(),
                        if twice {
                            "is there twice"
                        } else {
                            "is no label name: use snake_case; `le`, `quantile`, `job`, `instance` and `__…` are reserved"
                        }
                    ),
                ));
            }
        }
        Ok(self.build())
    }

    /// The registry; constant labels with unusable names are left out.
    #[must_use]
    pub fn build(self) -> Registry {
        let constant: Vec<String> = self
            .constant
            .iter()
            .filter(|(name, _)| check::label(name))
            .map(|(name, value)| fragment(name, &crate::label::open::sanitize(value)))
            .filter(|fragment| !fragment.is_empty())
            .collect();
        Registry(Arc::new(Inner {
            cells: Cells::new(),
            settings: Settings {
                limits: self.limits,
                constant: constant.join(",").into(),
                constant_names: self.constant.into_iter().map(|(name, _)| name).collect(),
                opted_in: self.opted_in,
            },
            entries: RwLock::new(Entries::default()),
            refreshers: RwLock::new(Vec::new()),
            windows: walk::Windows::new(),
            panics: std::sync::atomic::AtomicU64::new(0),
        }))
    }
}
