//! How numbers are read: a visitor walks families and series in a stable order.

use super::descriptor::{Kind, Unit};
use super::exemplar::Exemplar;

/// What heads a family.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The whole name.
    pub name: &'a str,
    /// The help sentence, not yet escaped.
    pub help: &'a str,
    /// Its type.
    pub kind: Kind,
    /// Its unit.
    pub unit: Unit,
}

impl Head<'static> {
    pub(crate) fn of(descriptor: &'static super::Descriptor) -> Self {
        Self {
            name: descriptor.name,
            help: descriptor.help,
            kind: descriptor.kind,
            unit: descriptor.unit,
        }
    }
}

/// The labels of one series: fragments `key="value"`, already escaped; empty ones are left out.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// One fragment per label, in the order of the family.
    pub fragments: &'a [&'a str],
}

/// What a series shows.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A count of whole things.
    Counter(u64),
    /// A total that may have a fraction.
    FloatCounter(f64),
    /// A number that goes up and down.
    Gauge(f64),
    /// Counted observations.
    Histogram(HistogramValue<'a>),
    /// Observations with quantiles worked out elsewhere.
    Summary(SummaryValue<'a>),
}

/// The buckets of one histogram series, read once.
#[derive(Clone, Copy, Debug)]
pub struct HistogramValue<'a> {
    /// Finite upper bounds, ascending.
    pub bounds: &'a [f64],
    /// `le="…"` for each bound and for `+Inf`, alike in every format.
    pub le: &'a [Box<str>],
    /// Observations per bucket, not cumulative; the last one is above every bound.
    pub buckets: &'a [u64],
    /// The sum of the observations; it may be ahead of the buckets by those in progress.
    pub sum: f64,
    /// The exemplar of each bucket; empty if the family keeps none.
    pub exemplars: &'a [Option<Exemplar>],
}

impl HistogramValue<'_> {
    /// All observations: the sum of the buckets that were read, so it agrees with `+Inf`.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, n| sum.wrapping_add(*n))
    }
}

/// The quantiles of one summary series, as they were read.
#[derive(Clone, Copy, Debug)]
pub struct SummaryValue<'a> {
    /// Quantile, from 0 to 1, and its value; ascending.
    pub quantiles: &'a [(f64, f64)],
    /// The sum of the observations.
    pub sum: f64,
    /// How many observations there were.
    pub count: u64,
}

/// Whether the walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// On to the next series.
    Continue,
    /// Stop after this series; a cursor can go on from here.
    Pause,
}

/// Something that reads every family: an encoder, a snapshot, a test.
pub trait Visitor {
    /// A family begins. Called again for the same family when a paused walk goes on with it, with
    /// `resumed` true.
    fn family(&mut self, head: &Head<'_>, resumed: bool);

    /// One series of the family that began last.
    fn series(&mut self, labels: Labels<'_>, value: Value<'_>) -> Flow;

    /// Whether the walk is to pause before the next family, which may have no series to pause after.
    fn is_full(&self) -> bool {
        false
    }
}

/// One family that can be read from any series onwards.
///
/// Implement it for numbers that live elsewhere; [`Registry::add_source`](crate::Registry::add_source)
/// takes it.
pub trait Source: Send + Sync {
    /// What heads the family.
    fn head(&self) -> Head<'_>;

    /// Something that keeps the series still for one walk: a table that is swapped whole returns
    /// what it holds now. Most families need nothing.
    fn pin(&self) -> Pin {
        None
    }

    /// Shows the series from number `from` on. Returns the number of the series to go on with, or
    /// `None` when all were shown.
    fn visit(&self, pin: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize>;

    /// The collector that writes it, if one does: scrapes may ask for the families of some.
    fn collector(&self) -> Option<&str> {
        None
    }

    /// How many observations were refused or folded since the start.
    fn faults(&self) -> Faults {
        Faults::default()
    }

    /// Whether a reading ever showed something that was recorded, not only series at 0.
    fn recorded(&self) -> bool {
        true
    }

    /// Heap that the family's tables hold, in bytes; cells not included.
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// What a walk holds on to while it stands within a family.
pub type Pin = Option<std::sync::Arc<dyn std::any::Any + Send + Sync>>;

/// Observations that did not land where they were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Refused: not a number.
    pub nan: u64,
    /// Refused: infinite.
    pub infinite: u64,
    /// Refused: negative.
    pub negative: u64,
    /// Counted, but in the overflow series of an open label.
    pub overflow: u64,
}
