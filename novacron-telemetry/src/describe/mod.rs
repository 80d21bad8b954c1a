//! The catalog as documents: `docs/metrics.md`, `docs/metrics.json`, `docs/naming-exceptions.md`.
//!
//! Everything is read from descriptors, so a document cannot say what the program does not do. The
//! same catalog makes the same bytes on every machine: nothing depends on time, place or hash order.
//!
//! ```
//! use novacron_telemetry::describe;
//!
//! assert!(describe::markdown().contains("`novacron_api_requests_total`"));
//! assert!(describe::json().contains("\"novacron_api_requests_total\""));
//! ```

mod json;
mod markdown;
mod naming;

pub use json::json;
pub use markdown::markdown;
pub use naming::naming_exceptions;

use crate::catalog::{Catalog, aliases};
use crate::metric::{Descriptor, Keeping, Limits, Writer};
use crate::registry::{Alias, Groups, Profile, Registry, Snapshot};

/// The most lines that an exposition can hold for a family: every label at its cap, each histogram
/// with all its buckets, and no family past the registry's own limit.
#[must_use]
pub fn worst_case_series(family: &Descriptor) -> u64 {
    let lines = match family.buckets.len() {
        0 => 1,
        bounds => bounds as u64 + 3,
    };
    let sets = family.worst_case_sets().unwrap_or(usize::MAX) as u64;
    let closed = family
        .labels
        .iter()
        .all(|label| label.cardinality().is_some());
    let limit = if closed {
        u64::MAX
    } else {
        u64::from(Limits::default().series)
    };
    sets.min(limit).saturating_mul(lines)
}

/// The aliases of a family, in the order of the profiles.
pub fn aliases_of(family: &Descriptor) -> impl Iterator<Item = &'static Alias> {
    let name = family.name;
    Profile::ALL
        .iter()
        .flat_map(|profile| aliases::of(*profile))
        .filter(move |alias| alias.family.name == name)
}

/// What a registry with everything on shows before anything happened.
fn idle() -> Snapshot {
    let mut builder = Registry::builder();
    for family in Catalog::descriptors().filter(|family| family.opt_in) {
        builder = builder.opt_in(family.name);
    }
    let registry = builder.build();
    // The catalog's names are unique, which the compiler has checked; a fresh registry takes them.
    match Catalog::register(&registry, Groups::ALL) {
        Ok(_catalog) => registry.snapshot(),
        Err(_) => Snapshot::default(),
    }
}

fn writer_kind(writer: Writer) -> &'static str {
    match writer {
        Writer::Verb(_) => "verb",
        Writer::Layer(_) => "layer",
        Writer::Library => "library",
        Writer::Collector(_) => "collector",
        Writer::Host => "host",
    }
}

fn writer_name(writer: Writer) -> Option<&'static str> {
    match writer {
        Writer::Verb(name) | Writer::Layer(name) | Writer::Collector(name) => Some(name),
        Writer::Library | Writer::Host => None,
    }
}

fn keeping(keeping: Keeping) -> &'static str {
    match keeping {
        Keeping::Counted => "counted",
        Keeping::Held => "held",
        Keeping::Windowed => "window",
        Keeping::Read => "read",
    }
}
