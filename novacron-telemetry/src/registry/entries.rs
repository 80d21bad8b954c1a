//! Who is registered under which name, and which names that takes.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::visit::{Head, Source};
use crate::error::{Error, ErrorKind, Result};
use crate::metric::{Descriptor, Kind};

/// The families of one registry.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) by_name: BTreeMap<String, Entry>,
    /// Every name that stands on a line of the exposition: `x_sum` belongs to histogram `x`.
    pub(super) taken: BTreeMap<String, String>,
    /// The sources in the order of their names, for walks.
    pub(super) sources: Arc<[Arc<dyn Source>]>,
}

/// One family.
pub(super) struct Entry {
    pub(super) descriptor: Option<&'static Descriptor>,
    pub(super) handle: Box<dyn Any + Send + Sync>,
    pub(super) source: Arc<dyn Source>,
}

impl Entries {
    /// Takes the names that a family's lines begin with.
    pub(super) fn claim(&mut self, family: &str, lines: Vec<String>) -> Result<()> {
        for name in &lines {
            if let Some(owner) = self.taken.get(name) {
                return Err(conflict(family, name, owner));
            }
        }
        self.taken
            .extend(lines.into_iter().map(|name| (name, family.to_owned())));
        Ok(())
    }

    pub(super) fn relist(&mut self) {
        self.sources = self
            .by_name
            .values()
            .map(|entry| Arc::clone(&entry.source))
            .collect();
    }
}

/// Why `family` cannot have lines that begin with `line`.
pub(super) fn conflict(family: &str, line: &str, owner: &str) -> Error {
    let why = if owner == family {
        format!("`{owner}` is already registered with another type, other labels or other buckets")
    } else {
        format!("`{family}` would print lines named `{line}`, which belong to `{owner}`")
    };
    Error::new(ErrorKind::ConflictingMetric, why)
}

/// The names that a family's lines and headers begin with, in any format.
pub(super) fn line_names(head: &Head<'_>) -> Vec<String> {
    let name = head.name;
    let mut names = vec![name.to_owned()];
    match head.kind {
        Kind::Histogram => {
            names.extend(["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")));
        }
        // OpenMetrics heads a counter with its name without `_total`.
        Kind::Counter => names.extend(name.strip_suffix("_total").map(str::to_owned)),
        Kind::Summary => names.extend(["_sum", "_count"].map(|suffix| format!("{name}{suffix}"))),
        Kind::Gauge => {}
    }
    names
}
