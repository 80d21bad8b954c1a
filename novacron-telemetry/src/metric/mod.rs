//! Instruments. They know nothing of registries, names or the catalog.
//!
//! | instrument | what it does | kept as |
//! |---|---|---|
//! | [`Counter`] | `inc`, `inc_by` of whole things | one cell per thread, added up |
//! | [`FloatCounter`] | the same for seconds and other fractions | one cell per thread, added up |
//! | [`UpDownGauge`] | `inc`, `dec`, an in-flight guard | two cells per thread: begun and ended |
//! | [`Gauge`] | `set` | one shared cell, the last writer wins |
//! | [`MaxGauge`] | `observe`; shows the greatest of the last windows | two cells per thread, the greatest |
//! | [`Timestamp`] | `set_now`; the latest time anybody saw | one cell per thread, the greatest |
//! | [`Histogram`] | `observe`, timers, exemplars | one cell per bucket and thread, and a sum |
//! | [`Family`] | one of the above per label set | a table, or none if every label is closed |
//! | [`Absolute`] | a total read elsewhere, shown as read | one shared cell |
//! | [`Collected`] | all series of a family, swapped at once | a plain table |
//!
//! A handle is cheap to clone and never fails: one without a registry (`noop()`) is silent.
//!
//! ```
//! use novacron_telemetry::metric::{Counter, Histogram};
//!
//! let silent = Counter::noop();
//! silent.inc();
//! assert_eq!(silent.get(), 0);
//! Histogram::noop().observe(0.25);
//! ```

mod absolute;
pub(crate) mod bounds;
pub mod buckets;
pub mod check;
mod collected;
mod counter;
mod descriptor;
pub mod exemplar;
pub(crate) mod family;
mod gauge;
pub(crate) mod histogram;
mod max;
mod scalar;
mod timer;
pub(crate) mod visit;

pub use absolute::{Absolute, Reading};
pub use collected::{Collected, CollectedKind};
pub use counter::{Counter, FloatCounter};
pub use descriptor::{Descriptor, Keeping, Kind, Unit, Writer};
pub use family::{Family, Row};
pub use gauge::{Gauge, InFlight, UpDownGauge};
pub use histogram::Histogram;
pub use max::{MaxGauge, Timestamp};
pub use timer::{Seconds, Timer};

pub use scalar::Scalar;

use std::sync::Arc;

use crate::label::LabelDescriptor;

/// What may be a field of a metric group.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an instrument",
    label = "expected `Counter`, `Gauge`, `Histogram`, … or a `Family` of one",
    note = "the fields of a metric group are the handles that its host records with"
)]
pub trait Instrument: Clone + Send + Sync + 'static {
    /// The type it is scraped as.
    const KIND: Kind;
    /// Its labels; none unless it is a family.
    const LABELS: &'static [LabelDescriptor];
    /// How its numbers are kept.
    const KEEPING: Keeping;

    /// Takes cells from `room` for the family that `descriptor` describes; returns the handle, and
    /// how the family is read.
    #[doc(hidden)]
    fn create(descriptor: &'static Descriptor, room: &Room<'_>) -> (Self, Arc<dyn visit::Source>);

    /// The silent twin: callable, never shown.
    fn noop() -> Self;
}

/// Where an instrument takes its cells and its table from. Made by the registry.
#[derive(Debug)]
pub struct Room<'a> {
    pub(crate) cells: &'a Arc<crate::cell::Cells>,
    pub(crate) joined: &'a family::Joined,
    pub(crate) limits: Limits,
}

/// How much a registry will hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most series that families with open labels may have together. Past it a new label set
    /// lands in the family's overflow series. Default: 1 000 000.
    pub series: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series: 1_000_000 }
    }
}
