//! What was promised exists, literally.
//!
//! Everything is written out here, apart from the catalog, so that renaming a family, dropping a
//! value or moving a bound in the catalog fails a test and not a dashboard in the field.

mod aliases;
mod documents;
mod families;
mod thresholds;

use novacron_telemetry::catalog::{self, Catalog};
use novacron_telemetry::label::{Domain, LabelDescriptor};
use novacron_telemetry::metric::Descriptor;
use novacron_telemetry::registry::{Alias, Profile};

/// A family under a name that somebody queries: its own, or an alias.
struct Offered {
    family: &'static Descriptor,
    alias: Option<&'static Alias>,
}

impl Offered {
    fn of(name: &str) -> Option<Self> {
        let alias = Profile::ALL
            .iter()
            .flat_map(|profile| catalog::aliases::of(*profile))
            .find(|alias| alias.name == name);
        let family = match alias {
            Some(alias) => alias.family,
            None => Catalog::find(name)?,
        };
        Some(Self { family, alias })
    }

    /// The label that is queried under this name, as the catalog has it.
    fn label(&self, name: &str) -> Option<&'static LabelDescriptor> {
        let labels: Vec<&str> = match self.alias {
            Some(alias) => alias.labels().collect(),
            None => self.family.labels.iter().map(|label| label.name).collect(),
        };
        let at = labels.iter().position(|label| *label == name)?;
        self.family.labels.get(at)
    }
}

fn takes(label: &LabelDescriptor, value: &str) -> bool {
    match label.domain {
        Domain::Closed(texts) => texts.contains(&value),
        Domain::Open { cap } => cap > 0,
    }
}
