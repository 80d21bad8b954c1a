//! Label values that need no derive.

use super::{Domain, LabelValue, Part};

impl LabelValue for bool {
    const DOMAIN: Domain = Domain::Closed(&["false", "true"]);

    type Ref<'a> = bool;

    #[inline]
    fn to_ref(&self) -> bool {
        *self
    }

    #[inline]
    fn part(value: Self::Ref<'_>) -> Part<'_> {
        Part::Index(u32::from(value))
    }
}

/// A label that may be left out: Prometheus treats an absent label and an empty one alike.
impl<V: LabelValue> LabelValue for Option<V> {
    const DOMAIN: Domain = V::DOMAIN;
    const OPTIONAL: bool = true;

    type Ref<'a> = Option<V::Ref<'a>>;

    #[inline]
    fn to_ref(&self) -> Self::Ref<'_> {
        self.as_ref().map(V::to_ref)
    }

    #[inline]
    fn part(value: Self::Ref<'_>) -> Part<'_> {
        value.map_or(Part::Absent, V::part)
    }
}
