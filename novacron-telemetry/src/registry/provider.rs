//! Families that come and go: what another library holds, asked for at each reading.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Registry;
use super::entries::{conflict, line_names};
use super::visit::Source;
use crate::error::{Error, ErrorKind};
use crate::metric::check;

/// Something that knows its families only when it is asked: another registry, say.
///
/// A [`Source`] is one family that is there from when it is added. A provider is asked at the
/// beginning of each reading and hands over as many sources as it has then; they are shown among
/// the registered families, in the order of their names.
///
/// ```
/// use std::sync::Arc;
/// use novacron_telemetry::registry::visit::{Flow, Head, Kind, Labels, Pin, Source, Unit, Value, Visitor};
/// use novacron_telemetry::registry::{Provider, Registry};
///
/// struct Tasks(f64);
///
/// impl Source for Tasks {
///     fn head(&self) -> Head<'_> {
///         Head { name: "acme_tasks", help: "Tasks there are.", kind: Kind::Gauge, unit: Unit::None }
///     }
///     fn visit(&self, _: &Pin, _: usize, visitor: &mut dyn Visitor) -> Option<usize> {
///         let _: Flow = visitor.series(Labels { fragments: &[] }, Value::Gauge(self.0));
///         None
///     }
/// }
///
/// struct Scheduler;
///
/// impl Provider for Scheduler {
///     fn sources(&self, _: &Registry) -> Vec<Arc<dyn Source>> {
///         vec![Arc::new(Tasks(3.0))]
///     }
/// }
///
/// let registry = Registry::new();
/// registry.add_sources(Arc::new(Scheduler));
/// assert!(registry.render().contains("acme_tasks 3\n"));
/// ```
pub trait Provider: Send + Sync {
    /// The families there are now, in any order.
    fn sources(&self, registry: &Registry) -> Vec<Arc<dyn Source>>;

    /// Told of each source that is left out of a reading, because its name breaks the formats' rules
    /// or would print lines that belong to another family. It happens again at each reading.
    fn refused(&self, registry: &Registry, error: &Error) {
        let _ = (registry, error);
    }
}

/// A source, by what it was called when it was asked.
type Named = (String, Arc<dyn Source>);

/// A source's provider, and why the source is left out.
type Refused = (Arc<dyn Provider>, Error);

/// A source and what its lines begin with.
struct Offered {
    by: Arc<dyn Provider>,
    source: Arc<dyn Source>,
    /// The first one is the family's own name.
    names: Vec<String>,
}

impl Registry {
    /// Asks `provider` for families at each reading. Registered families come first: a provider's
    /// family with a name of theirs is left out, and so is one with a name that an earlier provider
    /// took in the same reading.
    pub fn add_sources(&self, provider: Arc<dyn Provider>) {
        self.0
            .providers
            .update(|providers| providers.push(provider));
    }

    /// Families and series that could not be shown, because of their names or past a limit, and were
    /// left out.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.0.refusals.load(Ordering::Relaxed)
    }

    #[cfg(any(feature = "facade", feature = "exporter-prometheus"))]
    pub(crate) fn count_refusal(&self) {
        self.0.refusals.fetch_add(1, Ordering::Relaxed);
    }

    /// All sources that a reading shows, in the order of their names.
    pub(super) fn sources(&self) -> Arc<[Arc<dyn Source>]> {
        let providers = self.0.providers.read().clone();
        if providers.is_empty() {
            return Arc::clone(&self.0.entries.read().sources);
        }
        let offered: Vec<Offered> = providers
            .iter()
            .flat_map(|provider| self.ask(provider))
            .collect();
        let (own, mut others, refused) = self.admit(offered);
        for (provider, error) in refused {
            self.guarded(|| provider.refused(self, &error));
        }
        // Stable, and by what the source said when it was asked: its head may have changed since.
        others.sort_by(|a, b| a.0.cmp(&b.0));
        merge(own, others)
    }

    /// What one provider has. Its code runs here, and under no lock.
    fn ask(&self, provider: &Arc<dyn Provider>) -> Vec<Offered> {
        let offered = self.guarded(|| {
            let sources = provider.sources(self).into_iter();
            sources
                .map(|source| Offered {
                    by: Arc::clone(provider),
                    names: line_names(&source.head()),
                    source,
                })
                .collect()
        });
        offered.unwrap_or_default()
    }

    /// Our own sources, those of others that may stand beside them, and what is left out.
    fn admit(&self, offered: Vec<Offered>) -> (Vec<Named>, Vec<Named>, Vec<Refused>) {
        let entries = self.0.entries.read();
        let own = entries
            .by_name
            .iter()
            .map(|(name, entry)| (name.clone(), Arc::clone(&entry.source)))
            .collect();
        let (mut others, mut refused) = (Vec::new(), Vec::new());
        let mut taken: HashMap<String, String> = HashMap::new();
        for Offered { by, source, names } in offered {
            // The family's own name comes first.
            let name = names.first().cloned().unwrap_or_default();
            if !check::exposed_name(&name) {
                refused.push((by, unusable(&name)));
                continue;
            }
            let owner = |line: &String| entries.taken.get(line).or_else(|| taken.get(line));
            let clash = names
                .iter()
                .find_map(|line| Some(conflict(&name, line, owner(line)?)));
            if let Some(error) = clash {
                refused.push((by, error));
                continue;
            }
            taken.extend(names.into_iter().map(|line| (line, name.clone())));
            others.push((name, source));
        }
        (own, others, refused)
    }

    /// Runs somebody else's code; a panic is counted and gives `None`.
    pub(super) fn guarded<R>(&self, run: impl FnOnce() -> R) -> Option<R> {
        let done = catch_unwind(AssertUnwindSafe(run)).ok();
        if done.is_none() {
            self.0.panics.fetch_add(1, Ordering::Relaxed);
        }
        done
    }
}

/// Two lists in the order of names, as one.
fn merge(own: Vec<Named>, others: Vec<Named>) -> Arc<[Arc<dyn Source>]> {
    let mut merged = Vec::with_capacity(own.len() + others.len());
    let mut others = others.into_iter().peekable();
    for (name, source) in own {
        while let Some((_, other)) = others.next_if(|(other, _)| *other < name) {
            merged.push(other);
        }
        merged.push(source);
    }
    merged.extend(others.map(|(_, source)| source));
    merged.into()
}

/// Why a source of this name cannot be shown.
pub(super) fn unusable(name: &str) -> Error {
    let shown: String = name.chars().take(64).collect();
    Error::new(
        ErrorKind::InvalidMetric,
        format!(
            "`{}` is no metric name: use at most 200 letters, digits and `_`, a letter first",
            shown.escape_debug()
        ),
    )
}
