//! Families that a collector fills: all series at once, so what vanished is gone.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::absolute::{Absolute, compare};
use super::descriptor::{Descriptor, Keeping, Kind};
use super::gauge::Gauge;
use super::scalar::{OVERFLOW, Shape, refuse};
use super::timer::Seconds;
use super::visit::{Faults, Flow, Head, Labels, Pin, Source, Value, Visitor};
use super::{Instrument, Reading, Room};
use crate::cell::write;
use crate::label::{Domain, LabelDescriptor, LabelKey, LabelSet, OTHER, Part, fragment, open};
use crate::sync::RwLock;

/// The series of a family as one reading found them: `M` is [`Gauge`] or [`Absolute`].
///
/// Nothing is counted here; each reading replaces the last one whole. A scrape that is under way
/// goes on with the reading it began with.
///
/// ```
/// use novacron_telemetry::label::{LabelSet, LabelValue};
/// use novacron_telemetry::metric::{Collected, Gauge};
/// use novacron_telemetry::registry::{MetricGroup, Registry};
///
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
/// #[label(cap = 16)]
/// struct Sensor(String);
///
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
/// struct SensorLabels {
///     sensor: Sensor,
/// }
///
/// #[derive(Clone, Debug, MetricGroup)]
/// #[metrics(prefix = "acme")]
/// struct Sensors {
///     /// Temperature by sensor.
///     #[metric(unit = Celsius)]
///     temperature_celsius: Collected<SensorLabels, Gauge>,
/// }
///
/// let registry = Registry::new();
/// let sensors = registry.register::<Sensors>()?;
/// sensors.temperature_celsius.replace_all([(SensorLabelsRef { sensor: "cpu" }, 41.5)]);
/// sensors.temperature_celsius.replace_all([(SensorLabelsRef { sensor: "disk" }, 30.0)]);
/// assert!(!registry.render().contains("cpu"), "the sensor that is gone is gone");
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
pub struct Collected<L, M> {
    inner: Option<Arc<Inner>>,
    types: PhantomData<fn(L) -> M>,
}

/// What a collected family may show: [`Gauge`] or [`Absolute`].
pub trait CollectedKind: Send + Sync + 'static {
    #[doc(hidden)]
    const KIND: Kind;
}

impl CollectedKind for Gauge {
    const KIND: Kind = Kind::Gauge;
}

impl CollectedKind for Absolute {
    const KIND: Kind = Kind::Counter;
}

#[derive(Debug)]
struct Inner {
    shape: Shape,
    kind: Kind,
    rows: RwLock<Arc<Rows>>,
}

/// One reading, sorted by labels.
#[derive(Debug, Default)]
struct Rows(Vec<(Box<[Box<str>]>, f64)>);

impl<L: LabelSet, M: CollectedKind> Collected<L, M> {
    /// Shows exactly these series from now on.
    ///
    /// Of several with the same labels the first is kept. What is past a label's cap is left out
    /// and counted in `novacron_telemetry_series_overflow_total`; totals that are negative or not
    /// finite are refused and counted. Returns how many totals fell since the last reading: sources
    /// that began anew.
    pub fn replace_all<K: LabelKey<L>, V: Into<Seconds>>(
        &self,
        series: impl IntoIterator<Item = (K, V)>,
    ) -> usize {
        let Some(inner) = &self.inner else {
            return 0;
        };
        let number = inner.shape.number();
        let mut admitted = Admission::new(L::LABELS, inner.shape.limits.series);
        let mut rows = Vec::new();
        for (key, value) in series {
            let value = value.into().get();
            if inner.kind == Kind::Counter && !(value >= 0.0 && value.is_finite()) {
                refuse(number, inner.shape.faults, value);
                continue;
            }
            match admitted.fragments(key.parts().as_ref()) {
                Some(fragments) => rows.push((fragments, value)),
                None => {
                    let fault = inner.shape.faults + OVERFLOW;
                    write(number, move |pen| pen.add(fault, 1));
                }
            }
        }
        // Sorted: the order is the same from scrape to scrape whatever order the source has.
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows.dedup_by(|later, first| later.0 == first.0);
        let rows = Arc::new(Rows(rows));
        let last = Arc::clone(&inner.rows.read());
        let resets = match inner.kind {
            Kind::Counter => rows.resets_since(&last),
            Kind::Gauge | Kind::Histogram | Kind::Summary => 0,
        };
        inner.rows.replace(rows);
        resets
    }

    /// Shows no series from now on: the collector does not know.
    pub fn clear(&self) {
        if let Some(inner) = &self.inner {
            inner.rows.replace(Arc::default());
        }
    }

    /// How many series the last reading had.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner
            .as_ref()
            .map_or(0, |inner| inner.rows.read().0.len())
    }

    /// Whether the last reading had no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Rows {
    fn resets_since(&self, last: &Rows) -> usize {
        let find = |fragments: &[Box<str>]| {
            let at = last
                .0
                .binary_search_by(|row| (*row.0).cmp(fragments))
                .ok()?;
            Some(last.0[at].1)
        };
        self.0
            .iter()
            .filter(|(fragments, value)| compare(find(fragments), *value) == Reading::Reset)
            .count()
    }
}

/// Counts the texts of each open label against its cap while one reading comes in.
struct Admission {
    labels: &'static [LabelDescriptor],
    seen: Vec<std::collections::HashSet<Box<str>>>,
    left: u32,
}

impl Admission {
    fn new(labels: &'static [LabelDescriptor], limit: u32) -> Self {
        Self {
            labels,
            seen: vec![Default::default(); labels.len()],
            left: limit,
        }
    }

    fn fragments(&mut self, parts: &[Part<'_>]) -> Option<Box<[Box<str>]>> {
        self.left = self.left.checked_sub(1)?;
        let mut fragments = Vec::with_capacity(parts.len());
        for ((label, seen), part) in self.labels.iter().zip(&mut self.seen).zip(parts) {
            fragments.push(match (part, label.domain) {
                (Part::Index(index), _) => fragment::closed(label)
                    .get(*index as usize)
                    .cloned()
                    .unwrap_or_default(),
                (Part::Text(text), Domain::Open { cap }) => {
                    let text = open::sanitize(text);
                    if !seen.contains(&*text) {
                        if text != OTHER && seen.len() >= cap as usize {
                            return None;
                        }
                        seen.insert((&*text).into());
                    }
                    fragment::fragment(label.name, &text).into()
                }
                (Part::Absent | Part::Text(_), _) => Box::default(),
            });
        }
        Some(fragments.into())
    }
}

impl<L: LabelSet, M: CollectedKind> Instrument for Collected<L, M> {
    const KIND: Kind = M::KIND;
    const LABELS: &'static [LabelDescriptor] = L::LABELS;
    const KEEPING: Keeping = Keeping::Read;

    fn create(descriptor: &'static Descriptor, room: &Room<'_>) -> (Self, Arc<dyn Source>) {
        let inner = Arc::new(Inner {
            shape: Shape::new(descriptor, room),
            kind: M::KIND,
            rows: RwLock::new(Arc::default()),
        });
        let source = Arc::new(CollectedSource(Arc::clone(&inner)));
        let family = Self {
            inner: Some(inner),
            types: PhantomData,
        };
        (family, source)
    }

    fn noop() -> Self {
        Self {
            inner: None,
            types: PhantomData,
        }
    }
}

struct CollectedSource(Arc<Inner>);

impl Source for CollectedSource {
    fn head(&self) -> Head<'_> {
        Head::of(self.0.shape.descriptor)
    }

    fn pin(&self) -> Pin {
        let rows: Arc<Rows> = Arc::clone(&self.0.rows.read());
        Some(rows)
    }

    fn visit(&self, pin: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
        let rows = pin.as_ref()?.downcast_ref::<Rows>()?;
        for (at, (fragments, value)) in rows.0.iter().enumerate().skip(from) {
            let fragments: Vec<&str> = fragments.iter().map(|fragment| &**fragment).collect();
            let labels = Labels {
                fragments: &fragments,
            };
            let value = match self.0.kind {
                Kind::Counter => Value::FloatCounter(*value),
                Kind::Gauge | Kind::Histogram | Kind::Summary => Value::Gauge(*value),
            };
            if visitor.series(labels, value) == Flow::Pause {
                return Some(at + 1);
            }
        }
        None
    }

    fn collector(&self) -> Option<&str> {
        self.0.shape.descriptor.writer.collector()
    }

    fn faults(&self) -> Faults {
        self.0.shape.faults()
    }

    fn heap_bytes(&self) -> usize {
        let rows = self.0.rows.read();
        rows.0
            .iter()
            .map(|(fragments, _)| {
                size_of::<(Box<[Box<str>]>, f64)>()
                    + fragments
                        .iter()
                        .map(|f| size_of::<Box<str>>() + f.len())
                        .sum::<usize>()
            })
            .sum()
    }
}

impl<L, M> Clone for Collected<L, M> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            types: PhantomData,
        }
    }
}

impl<L, M> fmt::Debug for Collected<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.inner.as_ref().map(|inner| inner.shape.descriptor.name);
        f.debug_tuple("Collected").field(&name).finish()
    }
}
