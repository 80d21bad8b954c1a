//! What all families of one facade share: the registry, the limits, and what was said about names.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::complaint::Complaints;
use super::series::Description;
use crate::metric::Kind;
use crate::registry::Registry;
use crate::sync::{AtomicUsize, RwLock};

/// See the module.
pub(super) struct House {
    pub(super) registry: Registry,
    pub(super) max_families: usize,
    /// Series of one family.
    pub(super) max_series: usize,
    /// Families that may still be made; refused names count, since they are remembered.
    pub(super) families: AtomicUsize,
    /// Series that may still be made, over all families.
    pub(super) room: AtomicUsize,
    default_bounds: Vec<f64>,
    /// By the name that the host uses.
    bounds: BTreeMap<String, Vec<f64>>,
    descriptions: RwLock<HashMap<(Kind, Box<str>), Description>>,
    complaints: Complaints,
}

impl House {
    pub(super) fn new(
        registry: Registry,
        [max_families, max_series, room]: [usize; 3],
        default_bounds: Vec<f64>,
        bounds: BTreeMap<String, Vec<f64>>,
    ) -> Self {
        Self {
            registry,
            max_families,
            max_series,
            families: AtomicUsize::new(max_families),
            room: AtomicUsize::new(room),
            default_bounds,
            bounds,
            descriptions: RwLock::new(HashMap::new()),
            complaints: Complaints::default(),
        }
    }

    /// The bounds for a histogram of this name; none for another kind.
    pub(super) fn bounds(&self, kind: Kind, raw: &str) -> &[f64] {
        match kind {
            Kind::Histogram => self.bounds.get(raw).unwrap_or(&self.default_bounds),
            Kind::Counter | Kind::Gauge | Kind::Summary => &[],
        }
    }

    /// Keeps a description for a family that may not be there yet. The first one stays; there are
    /// at most as many as families.
    pub(super) fn keep_description(&self, kind: Kind, raw: &str, description: Description) {
        self.descriptions.update(|descriptions| {
            if descriptions.len() < self.max_families {
                descriptions
                    .entry((kind, raw.into()))
                    .or_insert(description);
            }
        });
    }

    pub(super) fn description(&self, kind: Kind, raw: &str) -> Option<Description> {
        self.descriptions.read().get(&(kind, raw.into())).cloned()
    }

    /// Counts what cannot be shown, and says why, once for each subject.
    #[cold]
    pub(super) fn refuse(&self, subject: &str, why: fmt::Arguments<'_>) {
        self.registry.count_refusal();
        self.complaints.once(subject, || {
            let metric = subject.escape_debug();
            tracing::warn!(%metric, reason = %why, "a metric of the facade is left out");
        });
    }
}
