//! Settings of a registry, and the registry made of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::entries::Entries;
use super::{Inner, Registry, Settings, walk};
use crate::cell::Cells;
use crate::error::{Error, ErrorKind, Result};
use crate::label::fragment::fragment;
use crate::metric::{Limits, check};
use crate::sync::RwLock;

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
            providers: RwLock::new(Vec::new()),
            windows: walk::Windows::new(),
            panics: std::sync::atomic::AtomicU64::new(0),
            refusals: std::sync::atomic::AtomicU64::new(0),
        }))
    }
}
