//! What may stand between the braces.
//!
//! A label set is a struct; each field is a [`LabelValue`]. A value is *closed* (an enum, every
//! text it may take is known) or *open* (a newtype around text that states how many different
//! texts a family will keep). Both are derived:
//!
//! ```
//! use novacron_telemetry::label::{LabelSet, LabelValue};
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
//! enum Plan {
//!     Free,
//!     Pro,
//! }
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
//! #[label(cap = 50)]
//! struct Region(std::sync::Arc<str>);
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
//! struct InvoiceLabels {
//!     plan: Plan,
//!     region: Region,
//! }
//!
//! assert_eq!(InvoiceLabels::LABELS[0].name, "plan");
//! assert_eq!(InvoiceLabels::CARDINALITY, None, "one open label makes the set open");
//! ```
//!
//! Deriving [`LabelSet`] also makes a borrowed twin, `InvoiceLabelsRef<'_>`, whose open fields are
//! `&str`. Families look up with either, so a hit never clones a text.

pub(crate) mod escape;
pub(crate) mod fragment;
pub(crate) mod open;
mod value;

#[doc(inline)]
pub use novacron_telemetry_macros::{LabelSet, LabelValue};
#[doc(hidden)]
pub use open::OpenText;
pub use open::{MAX_VALUE_BYTES, OTHER};

/// One value of a label: closed or open, never just a string.
///
/// Derive it. On an enum without fields it makes a closed value whose texts are the variants in
/// snake_case; on a newtype around text, with `#[label(cap = N)]`, an open one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a label",
    label = "not a label value",
    note = "derive `LabelValue` on an enum, or on a newtype with `#[label(cap = …)]`",
    note = "a bare `String` is refused on purpose: nothing would bound the number of series"
)]
pub trait LabelValue: Clone + Send + Sync + 'static {
    /// The texts this value may take.
    const DOMAIN: Domain;

    /// Whether the label may be left out. Only `Option` says yes.
    const OPTIONAL: bool = false;

    /// How many values there are, counting "left out"; 0 if nobody knows.
    const CARDINALITY: usize = match Self::DOMAIN {
        Domain::Closed(texts) => texts.len() + Self::OPTIONAL as usize,
        Domain::Open { .. } => 0,
    };

    /// What a look-up borrows: the enum itself, or `&str`.
    type Ref<'a>: Copy;

    /// Borrows the value for a look-up.
    fn to_ref(&self) -> Self::Ref<'_>;

    /// The value as a table sees it.
    fn part(value: Self::Ref<'_>) -> Part<'_>;
}

/// The labels of one family, as a struct. Derive it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of labels",
    label = "not a label set",
    note = "derive `LabelSet` on a struct whose fields are label values"
)]
pub trait LabelSet: LabelKey<Self> + Clone + Send + Sync + 'static {
    /// Names and domains, in the order of the fields.
    const LABELS: &'static [LabelDescriptor];

    /// How many different sets there are; `None` if a label is open.
    const CARDINALITY: Option<usize> = cardinality(Self::LABELS);

    /// The borrowed twin: the same fields, open ones as `&str`.
    type Ref<'a>: LabelKey<Self> + Copy;
}

/// Something that finds one series of a family with labels `L`: `L` itself, or its borrowed twin.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a series with the labels `{L}`",
    note = "pass `&{L} {{ … }}` or its borrowed twin, the struct of the same name that ends in `Ref`"
)]
pub trait LabelKey<L: ?Sized> {
    /// An array with one entry per label.
    type Parts<'a>: AsRef<[Part<'a>]>
    where
        Self: 'a;

    /// One entry per label, in the order of [`LabelSet::LABELS`].
    fn parts(&self) -> Self::Parts<'_>;

    /// The place among all sets, if every label is closed; meaningless otherwise.
    fn index(&self) -> usize;
}

/// The values a label may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Exactly these texts.
    Closed(&'static [&'static str]),
    /// Any text; a family keeps this many and then says [`OTHER`].
    Open {
        /// How many different texts a family keeps.
        cap: u32,
    },
}

/// Name and domain of one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelDescriptor {
    /// The label's name.
    pub name: &'static str,
    /// The values it may take.
    pub domain: Domain,
    /// Whether it may be left out.
    pub optional: bool,
}

impl LabelDescriptor {
    /// Describes a label whose values are `V`.
    #[must_use]
    pub const fn of<V: LabelValue>(name: &'static str) -> Self {
        Self {
            name,
            domain: V::DOMAIN,
            optional: V::OPTIONAL,
        }
    }

    /// How many values it may take, counting "left out"; `None` if it is open.
    #[must_use]
    pub const fn cardinality(&self) -> Option<usize> {
        match self.domain {
            Domain::Closed(texts) => Some(texts.len() + self.optional as usize),
            Domain::Open { .. } => None,
        }
    }
}

/// One label's value in a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The label is left out.
    Absent,
    /// The place of a closed value in its domain.
    Index(u32),
    /// The text of an open value.
    Text(&'a str),
}

impl Part<'_> {
    /// The place of a closed value, "left out" being the first place of an optional label.
    #[inline]
    #[must_use]
    pub const fn place(self, optional: bool) -> usize {
        match self {
            Part::Index(index) => index as usize + optional as usize,
            Part::Absent | Part::Text(_) => 0,
        }
    }
}

/// The number of different sets, or `None` if a label is open.
#[must_use]
pub const fn cardinality(labels: &[LabelDescriptor]) -> Option<usize> {
    let mut product = 1usize;
    let mut at = 0;
    while at < labels.len() {
        match labels[at].cardinality() {
            Some(values) => product = product.saturating_mul(values),
            None => return None,
        }
        at += 1;
    }
    Some(product)
}
