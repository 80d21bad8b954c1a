//! One family of the facade: its head, its series, and where labels go that are too many.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::cell::Cell;
use super::name;
use crate::label::fragment::{self, fragment};
use crate::label::{OTHER, open};
use crate::metric::bounds;
use crate::metric::visit::{Faults, Flow, Head, Labels, Pin, Source, Visitor};
use crate::metric::{Kind, Unit};
use crate::sync::{AtomicU32, AtomicU64, AtomicUsize, Ordering, RwLock};

/// What all series of a family have in common.
pub(super) struct Shape {
    /// As it is shown.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) bounds: Box<[f64]>,
    pub(super) le: Box<[Box<str>]>,
    /// Until somebody describes it.
    help: String,
    described: OnceLock<Description>,
    faults: FaultCounts,
}

/// What `describe_counter!` and its siblings say.
#[derive(Clone)]
pub(super) struct Description {
    pub(super) help: Box<str>,
    pub(super) unit: Unit,
}

#[derive(Default)]
struct FaultCounts {
    nan: AtomicU64,
    infinite: AtomicU64,
    negative: AtomicU64,
    overflow: AtomicU64,
}

impl Shape {
    pub(super) fn new(raw: &str, kind: Kind, bounds: &[f64]) -> Self {
        Self {
            name: name::of_family(raw, kind),
            kind,
            bounds: bounds.into(),
            le: bounds::fragments(bounds).into(),
            help: format!("Recorded as {raw} through the metrics facade."),
            described: OnceLock::new(),
            faults: FaultCounts::default(),
        }
    }

    /// The first description stays.
    pub(super) fn describe(&self, description: Description) {
        let _ = self.described.set(description);
    }

    /// Counts an observation that is left out.
    #[cold]
    pub(super) fn refuse(&self, observation: f64) {
        let count = if observation.is_nan() {
            &self.faults.nan
        } else if observation.is_infinite() {
            &self.faults.infinite
        } else {
            &self.faults.negative
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// One series: what a handle of the `metrics` crate holds.
pub(super) struct Series<C> {
    pub(super) shape: Arc<Shape>,
    pub(super) cell: C,
    labels: Arc<[Box<str>]>,
    /// Whether it stands for label sets that found no room.
    overflow: bool,
    /// Keys that the look-up remembers for it.
    pub(super) keys: AtomicU32,
}

impl<C> Series<C> {
    /// Counts what was folded, where this is where things are folded to.
    #[inline]
    pub(super) fn landed(&self, observations: u64) {
        if self.overflow {
            let overflow = &self.shape.faults.overflow;
            overflow.fetch_add(observations, Ordering::Relaxed);
        }
    }

    pub(super) fn is_overflow(&self) -> bool {
        self.overflow
    }
}

/// A label on its way in.
pub(super) struct Label<'a> {
    /// As it is shown.
    pub(super) name: String,
    /// As it was called.
    pub(super) raw: &'a str,
    pub(super) value: &'a str,
}

/// Two names of labels that would be shown as one.
pub(super) struct SameName {
    pub(super) shown: String,
    pub(super) first: Box<str>,
    pub(super) second: String,
}

/// A family as a source of the registry.
pub(super) struct Family<C> {
    pub(super) shape: Arc<Shape>,
    /// How many series it may have, those for the overflow not counted.
    cap: usize,
    table: RwLock<Table<C>>,
}

struct Table<C> {
    places: HashMap<Arc<[Box<str>]>, Arc<Series<C>>>,
    /// In the order they came to be; only ever appended to.
    list: Vec<Arc<Series<C>>>,
    /// What each label that is shown was called.
    spelled: HashMap<Box<str>, Box<str>>,
    full: Option<Full>,
}

/// Once there is no room.
struct Full {
    /// The labels, the one with the most values first: it is the likeliest to have filled the family.
    widest: Vec<String>,
    /// More overflow series that may be made.
    spare: usize,
    /// Takes what the spare ones do not.
    last: Option<Arc<[Box<str>]>>,
}

/// How many label sets may differ in what remains after folding.
pub(super) const SPARE: usize = 64;

impl<C: Cell> Family<C> {
    pub(super) fn new(shape: Shape, cap: usize) -> Self {
        Self {
            shape: Arc::new(shape),
            cap,
            table: RwLock::new(Table {
                places: HashMap::new(),
                list: Vec::new(),
                spelled: HashMap::new(),
                full: None,
            }),
        }
    }

    /// The series with these labels, which are sorted by name. Past the cap of the family, or when
    /// `room` for series of all families is used up, it is one that stands for several.
    pub(super) fn series(
        &self,
        labels: &[Label<'_>],
        room: &AtomicUsize,
    ) -> Result<Arc<Series<C>>, SameName> {
        let wanted = fragments(labels, |_| false);
        {
            let table = self.table.read();
            table.check_names(labels)?;
            if let Some(series) = table.places.get(&*wanted) {
                return Ok(Arc::clone(series));
            }
            // A flood of label values must not hold up those who count in series they have.
            if let Some(series) = table.folded(labels) {
                return Ok(series);
            }
        }
        self.table.update(|table| {
            table.check_names(labels)?;
            if let Some(series) = table.places.get(&*wanted) {
                return Ok(Arc::clone(series));
            }
            // The one without labels folds into nothing, and there is but one.
            if wanted.is_empty()
                || (table.full.is_none() && table.list.len() < self.cap && take(room))
            {
                table.note_names(labels);
                return Ok(table.insert(&self.shape, wanted, false));
            }
            Ok(table.fold(&self.shape, labels))
        })
    }
}

impl<C: Cell> Table<C> {
    fn insert(
        &mut self,
        shape: &Arc<Shape>,
        labels: Box<[Box<str>]>,
        overflow: bool,
    ) -> Arc<Series<C>> {
        let labels: Arc<[Box<str>]> = labels.into();
        let series = Arc::new(Series {
            shape: Arc::clone(shape),
            cell: C::new(shape),
            labels: Arc::clone(&labels),
            overflow,
            keys: AtomicU32::new(0),
        });
        self.places.insert(labels, Arc::clone(&series));
        self.list.push(Arc::clone(&series));
        series
    }

    fn check_names(&self, labels: &[Label<'_>]) -> Result<(), SameName> {
        for label in labels {
            if let Some(first) = self.spelled.get(label.name.as_str())
                && **first != *label.raw
            {
                return Err(SameName {
                    shown: label.name.clone(),
                    first: first.clone(),
                    second: label.raw.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn note_names(&mut self, labels: &[Label<'_>]) {
        for label in labels {
            self.spelled
                .entry(label.name.as_str().into())
                .or_insert_with(|| label.raw.into());
        }
    }

    /// The series that stands for these labels, if it is there.
    fn folded(&self, labels: &[Label<'_>]) -> Option<Arc<Series<C>>> {
        let full = self.full.as_ref()?;
        let narrow = full
            .widest(labels)
            .and_then(|widest| self.places.get(&*fold_one(labels, widest)));
        let found = narrow.or_else(|| {
            let last = full.last.as_ref().filter(|_| full.spare == 0)?;
            self.places.get(last)
        });
        found.map(Arc::clone)
    }

    /// Folds the label that has the most values; what that leaves may differ in [`SPARE`] ways. All
    /// beyond goes to one series, with the labels of the first that went there.
    fn fold(&mut self, shape: &Arc<Shape>, labels: &[Label<'_>]) -> Arc<Series<C>> {
        let list = &self.list;
        let full = self.full.get_or_insert_with(|| Full {
            widest: widest(list),
            spare: SPARE,
            last: None,
        });
        if let Some(widest) = full.widest(labels) {
            let folded = fold_one(labels, widest);
            if let Some(series) = self.places.get(&*folded) {
                return Arc::clone(series);
            }
            if full.spare > 0 {
                full.spare -= 1;
                self.note_names(labels);
                return self.insert(shape, folded, true);
            }
        }
        let last = full
            .last
            .get_or_insert_with(|| fragments(labels, |_| true).into());
        let last = Arc::clone(last);
        match self.places.get(&last) {
            Some(series) => Arc::clone(series),
            None => self.insert(shape, last.iter().cloned().collect(), true),
        }
    }
}

impl Full {
    /// The label of these that has the most values in the family.
    fn widest(&self, labels: &[Label<'_>]) -> Option<&str> {
        let has = |name: &&String| labels.iter().any(|label| label.name == **name);
        self.widest.iter().find(has).map(String::as_str)
    }
}

/// The labels with the value of one of them folded.
fn fold_one(labels: &[Label<'_>], name: &str) -> Box<[Box<str>]> {
    fragments(labels, |label| label.name == name)
}

/// One of what is left, if anything is.
pub(super) fn take(room: &AtomicUsize) -> bool {
    room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        left.checked_sub(1)
    })
    .is_ok()
}

/// The labels as they stand on the wire, with `__other__` for those that are folded. A label with an
/// empty value is as good as none.
fn fragments(labels: &[Label<'_>], fold: impl Fn(&Label<'_>) -> bool) -> Box<[Box<str>]> {
    labels
        .iter()
        .map(|label| {
            if fold(label) {
                fragment(&label.name, OTHER)
            } else {
                fragment(&label.name, &open::sanitize(label.value))
            }
        })
        .filter(|fragment| !fragment.is_empty())
        .map(String::into_boxed_str)
        .collect()
}

/// The labels of these series, the one with the most values first.
fn widest<C>(list: &[Arc<Series<C>>]) -> Vec<String> {
    let mut values: HashMap<&str, HashSet<&str>> = HashMap::new();
    for text in list.iter().flat_map(|series| &*series.labels) {
        let (name, value) = fragment::split(text);
        values.entry(name).or_default().insert(value);
    }
    let mut names: Vec<(usize, &str)> = values
        .into_iter()
        .map(|(name, values)| (values.len(), name))
        .collect();
    names.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    names.into_iter().map(|(_, name)| name.to_owned()).collect()
}

impl<C: Cell> Source for Family<C> {
    fn head(&self) -> Head<'_> {
        let shape = &*self.shape;
        let (help, unit) = match shape.described.get() {
            Some(described) => (&*described.help, described.unit),
            None => (&*shape.help, Unit::None),
        };
        Head {
            name: &shape.name,
            help,
            kind: shape.kind,
            unit,
        }
    }

    fn visit(&self, _: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
        /// Series are copied out in lots, because a visitor must not run under a lock.
        const LOT: usize = 64;
        let mut scratch = Vec::new();
        let mut at = from;
        loop {
            let table = self.table.read();
            let lot: Vec<Arc<Series<C>>> = table.list.iter().skip(at).take(LOT).cloned().collect();
            drop(table);
            if lot.is_empty() {
                return None;
            }
            for series in lot {
                at += 1;
                let Some(value) = series.cell.read(&self.shape, &mut scratch) else {
                    continue;
                };
                let fragments: Vec<&str> = series.labels.iter().map(|text| &**text).collect();
                let labels = Labels {
                    fragments: &fragments,
                };
                if visitor.series(labels, value) == Flow::Pause {
                    return Some(at);
                }
            }
        }
    }

    fn faults(&self) -> Faults {
        let FaultCounts {
            nan,
            infinite,
            negative,
            overflow,
        } = &self.shape.faults;
        let [nan, infinite, negative, overflow] =
            [nan, infinite, negative, overflow].map(|count| count.load(Ordering::Relaxed));
        Faults {
            nan,
            infinite,
            negative,
            overflow,
        }
    }

    fn heap_bytes(&self) -> usize {
        let table = self.table.read();
        table
            .list
            .iter()
            .map(|series| {
                let labels: usize = series.labels.iter().map(|text| text.len() + 16).sum();
                size_of::<Series<C>>() + series.cell.heap_bytes() + labels + 48
            })
            .sum()
    }
}
