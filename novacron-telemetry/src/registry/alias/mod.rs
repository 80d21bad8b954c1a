//! The same samples under the names of another system.
//!
//! An alias is data: which family, under which name, with which labels renamed, which values spelled
//! otherwise, which series left out. It is applied while the family is read, so there is one number
//! and two names for it, never two numbers.
//!
//! Most aliases are read straight through. One whose spelling makes two series into one (`start` and
//! `stop` are both `Power` elsewhere) is first added up in a table as large as the family.

mod source;

use std::sync::Arc;

use crate::metric::Descriptor;
use crate::metric::visit::{Labels, Source};

use super::Groups;

/// A set of names that belong together. Off unless the host switches it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// `nova_*`.
    NovaRc5,
    /// `ml_*` and `mle_star_*`.
    Mle,
    /// `virtrigaud_*`.
    Virtrigaud,
    /// `libvirt_volume_provisioner_*`.
    LibvirtVolumeProvisioner,
    /// Two names of Go's runtime that dashboards of the provisioner ask for, with this process's
    /// nearest numbers. The prefix belongs to Go clients, so it is a profile of its own.
    GoRuntime,
}

impl Profile {
    /// Every profile.
    pub const ALL: &'static [Profile] = &[
        Profile::NovaRc5,
        Profile::Mle,
        Profile::Virtrigaud,
        Profile::LibvirtVolumeProvisioner,
        Profile::GoRuntime,
    ];

    /// The name it goes by in configuration and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Profile::NovaRc5 => "nova-rc5",
            Profile::Mle => "mle",
            Profile::Virtrigaud => "virtrigaud",
            Profile::LibvirtVolumeProvisioner => "libvirt-volume-provisioner",
            Profile::GoRuntime => "libvirt-volume-provisioner-go",
        }
    }

    /// The profile of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Profile> {
        Self::ALL
            .iter()
            .copied()
            .find(|profile| profile.name() == name)
    }

    /// The groups it needs; switching it on switches them on.
    #[must_use]
    pub fn groups(self) -> Groups {
        match self {
            Profile::NovaRc5 => {
                Groups::GUEST
                    | Groups::SYSTEM
                    | Groups::CONTAINER
                    | Groups::NETWORK
                    | Groups::SUPPORT
                    | Groups::EXPORTER
            }
            Profile::Mle => Groups::ML,
            Profile::Virtrigaud => {
                Groups::VM
                    | Groups::RECONCILE
                    | Groups::PROVIDER
                    | Groups::LIBVIRT
                    | Groups::PROCESS
            }
            Profile::LibvirtVolumeProvisioner => Groups::PROVISIONER,
            Profile::GoRuntime => Groups::PROCESS,
        }
    }
}

/// One family under another name.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Alias {
    /// The other name.
    pub name: &'static str,
    /// The profile it belongs to.
    pub profile: Profile,
    /// The family whose samples it shows.
    pub family: &'static Descriptor,
    /// Labels with another name there: from, to.
    pub renames: &'static [(&'static str, &'static str)],
    /// Values that are spelled otherwise there.
    pub respell: Option<Respell>,
    /// Series that are shown; all of them if there is no condition.
    pub only: Option<Only>,
}

/// Another spelling for the values of one label.
#[derive(Clone, Copy, Debug)]
pub enum Respell {
    /// The spellings that differ: from, to. What maps to one text is added up.
    Each {
        /// The label, by its name here.
        label: &'static str,
        /// From, to.
        spellings: &'static [(&'static str, &'static str)],
    },
    /// A word before each value.
    Prefix {
        /// The label, by its name here.
        label: &'static str,
        /// The word and what separates it.
        prefix: &'static str,
    },
}

/// Which series of a family an alias shows.
#[derive(Clone, Copy, Debug)]
pub enum Only {
    /// Those whose label has this value.
    Value {
        /// The label, by its name here.
        label: &'static str,
        /// The value.
        value: &'static str,
    },
    /// Those that have this label at all.
    Present {
        /// The label, by its name here.
        label: &'static str,
    },
}

impl Alias {
    /// This family, under this name.
    #[must_use]
    pub const fn new(name: &'static str, profile: Profile, family: &'static Descriptor) -> Self {
        Self {
            name,
            profile,
            family,
            renames: &[],
            respell: None,
            only: None,
        }
    }

    /// Renames labels.
    #[must_use]
    pub const fn rename(mut self, renames: &'static [(&'static str, &'static str)]) -> Self {
        self.renames = renames;
        self
    }

    /// Spells the values of a label otherwise.
    #[must_use]
    pub const fn respell(mut self, respell: Respell) -> Self {
        self.respell = Some(respell);
        self
    }

    /// Leaves series out.
    #[must_use]
    pub const fn only(mut self, only: Only) -> Self {
        self.only = Some(only);
        self
    }

    /// The labels under their other names, in order.
    pub fn labels(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.family
            .labels
            .iter()
            .map(|label| self.renamed(label.name))
    }

    /// A source that shows what `inner`, the family's own source, shows.
    #[must_use]
    pub fn source(&'static self, inner: Arc<dyn Source>) -> Arc<dyn Source> {
        Arc::new(source::AliasSource { alias: self, inner })
    }

    fn renamed<'a>(&self, label: &'a str) -> &'a str
    where
        'static: 'a,
    {
        self.renames
            .iter()
            .find_map(|(from, to)| (*from == label).then_some(*to))
            .unwrap_or(label)
    }

    /// Whether two series may become one.
    fn folds(&self) -> bool {
        matches!(self.respell, Some(Respell::Each { .. }))
    }

    /// Writes the labels under their other names and spellings; false if the series is left out.
    ///
    /// Works on escaped text: neither the names nor the spellings hold anything to escape.
    fn rewrite(&self, labels: Labels<'_>, out: &mut Vec<String>) -> bool {
        let mut kept = self.only.is_none();
        out.clear();
        for fragment in labels.fragments {
            let Some((key, quoted)) = fragment.split_once('=') else {
                continue;
            };
            let text = quoted.trim_matches('"');
            kept |= match self.only {
                Some(Only::Value { label, value }) => label == key && value == text,
                Some(Only::Present { label }) => label == key,
                None => true,
            };
            let to = self.renamed(key);
            out.push(match self.respell {
                Some(Respell::Each { label, spellings }) if label == key => {
                    let text = spellings
                        .iter()
                        .find_map(|(from, to)| (*from == text).then_some(*to))
                        .unwrap_or(text);
                    format!("{to}=\"{text}\"")
                }
                Some(Respell::Prefix { label, prefix }) if label == key => {
                    format!("{to}=\"{prefix}{text}\"")
                }
                _ if to == key => (*fragment).to_owned(),
                _ => format!("{to}={quoted}"),
            });
        }
        kept
    }
}
