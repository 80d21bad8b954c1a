//! The series of a family with open labels: an insert-only table of label sets.
//!
//! A row holds one number per label: the place of a closed value, or the number of a stored text.
//! Finding a row takes no lock. Adding one takes the table's lock, once per label set; past a
//! label's cap that label alone becomes [`OTHER`](crate::label::OTHER), its neighbours stay exact.

use std::borrow::Cow;

use super::grown::{self, Grown};
use super::hash;
use super::slots::{self, Slots};
use super::texts::Texts;
use crate::label::{Domain, LabelDescriptor, Part, fragment};
use crate::metric::visit::Labels;
use crate::sync::{AtomicU32, Mutex, Ordering};

/// See the module.
#[derive(Debug)]
pub(crate) struct Table {
    /// Tells this table from every other one in the process.
    pub(super) number: u32,
    seed: u64,
    columns: Box<[Column]>,
    slots: Slots,
    rows: Grown<AtomicU32>,
    len: AtomicU32,
    limit: u32,
    inserting: Mutex<()>,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a box would cost every look-up a load, and a family has few columns"
)]
enum Column {
    Closed(&'static [Box<str>]),
    Open(Texts),
}

/// What a row holds for a label that is left out.
const ABSENT: u32 = u32::MAX;

/// Label sets of up to this many labels are looked up without an allocation, whatever they hold.
const FEW: usize = 8;

/// A series, and whether it stands for a label set that found no place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) series: u32,
    pub(crate) overflow: bool,
    /// Whether this look-up made it.
    pub(crate) new: bool,
}

/// The rows of some series that follow each other.
pub(super) struct Rows<'a> {
    numbers: &'a [AtomicU32],
    columns: usize,
}

/// The labels of the series that is read now. Most of them are those of the last one, so a text is
/// only looked up when its number changes.
#[derive(Default)]
pub(super) struct Fragments<'a> {
    numbers: Vec<u32>,
    texts: Vec<&'a str>,
}

impl<'a> Fragments<'a> {
    /// Sets the text of column `at`, which has `number` there.
    #[inline]
    pub(super) fn set(&mut self, at: usize, number: u32, text: impl FnOnce() -> &'a str) {
        match (self.numbers.get_mut(at), self.texts.get_mut(at)) {
            (Some(known), _) if *known == number => {}
            (Some(known), Some(slot)) => {
                *known = number;
                *slot = text();
            }
            _ => {
                self.numbers.push(number);
                self.texts.push(text());
            }
        }
    }

    #[inline]
    pub(super) fn labels(&self) -> Labels<'_> {
        Labels {
            fragments: &self.texts,
        }
    }
}

impl Table {
    pub(crate) fn new(labels: &'static [LabelDescriptor], limit: u32) -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
        Self {
            number: NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            seed: hash::seed(),
            columns: labels
                .iter()
                .map(|label| match label.domain {
                    Domain::Closed(_) => Column::Closed(fragment::closed(label)),
                    Domain::Open { cap } => Column::Open(Texts::new(label.name, cap)),
                })
                .collect(),
            slots: Slots::new(),
            rows: Grown::with_stride(labels.len()),
            len: AtomicU32::new(0),
            limit: limit.min(grown::CAPACITY).min(slots::CAPACITY),
            inserting: Mutex::new(()),
        }
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> u32 {
        self.len.load(Ordering::Acquire)
    }

    /// The series of a label set, if it has one.
    #[inline]
    pub(crate) fn find(&self, key: &[Part<'_>]) -> Option<u32> {
        self.find_hashed(self.hash(key), key)
    }

    /// The hash of a label set.
    #[inline]
    pub(crate) fn hash(&self, key: &[Part<'_>]) -> u64 {
        hash::parts(self.seed, key)
    }

    /// The series of a label set whose hash is known, if it has one.
    pub(crate) fn find_hashed(&self, hash: u64, key: &[Part<'_>]) -> Option<u32> {
        self.slots.find(hash, |series| self.holds(series, key))
    }

    #[inline]
    fn holds(&self, series: u32, key: &[Part<'_>]) -> bool {
        let Some(row) = self.rows.row(series) else {
            return false;
        };
        // By index, because the compiler unrolls it: `key` has a length that it knows.
        key.iter().enumerate().all(|(at, part)| {
            let number = row
                .get(at)
                .map_or(ABSENT, |cell| cell.load(Ordering::Relaxed));
            match part {
                Part::Index(index) => number == *index,
                Part::Absent => number == ABSENT,
                Part::Text(text) => match self.columns.get(at) {
                    // Nothing is stored under the number that stands for an absent label.
                    Some(Column::Open(texts)) => texts.is(number, text),
                    _ => false,
                },
            }
        })
    }

    /// The series of a label set; it is added if there is room, else the overflow series stands for
    /// it. `None` only if the table is so full that not even that has a place.
    #[cold]
    #[inline(never)]
    pub(crate) fn find_or_insert(&self, key: &[Part<'_>]) -> Option<Found> {
        // On the stack, for past a cap every event comes here.
        let mut clean = [const { Cow::Borrowed("") }; FEW];
        let mut folded = [Part::Absent; FEW];
        let labels = ..key.len();
        match (clean.get_mut(labels), folded.get_mut(labels)) {
            (Some(clean), Some(folded)) => self.settle(key, clean, folded),
            _ => {
                let mut clean = vec![Cow::Borrowed(""); key.len()];
                self.settle(key, &mut clean, &mut vec![Part::Absent; key.len()])
            }
        }
    }

    /// As [`find_or_insert`](Self::find_or_insert), with room for the key as it may be stored.
    fn settle<'c, 'k: 'c>(
        &self,
        given: &[Part<'k>],
        clean: &'c mut [Cow<'k, str>],
        key: &mut [Part<'c>],
    ) -> Option<Found> {
        for ((clean, part), column) in clean.iter_mut().zip(given).zip(&self.columns) {
            if let (Part::Text(text), Column::Open(texts)) = (*part, column) {
                *clean = texts.admissible(text);
            }
        }
        for ((key, part), clean) in key.iter_mut().zip(given).zip(&*clean) {
            *key = match part {
                // Prometheus takes an empty label for an absent one; so the two are one series.
                Part::Text(_) if clean.is_empty() => Part::Absent,
                Part::Text(_) => Part::Text(clean),
                part => *part,
            };
        }
        let mut overflow = false;
        overflow |= self.fold_full_columns(key);
        if let Some(series) = self.find(key) {
            return Some(Found {
                series,
                overflow,
                new: false,
            });
        }
        let _inserting = self.inserting.lock();
        overflow |= self.fold_full_columns(key);
        if self.len() >= self.limit {
            overflow |= self.fold_all(key);
        }
        if let Some(series) = self.find(key) {
            return Some(Found {
                series,
                overflow,
                new: false,
            });
        }
        self.insert(key).map(|series| Found {
            series,
            overflow,
            new: true,
        })
    }

    /// Turns new texts of full columns into `__other__`; says whether there were any.
    fn fold_full_columns(&self, key: &mut [Part<'_>]) -> bool {
        self.fold(key, |texts, text| {
            texts.is_full() && texts.find(text).is_none()
        })
    }

    /// Turns every open label into `__other__`; says whether there were any.
    fn fold_all(&self, key: &mut [Part<'_>]) -> bool {
        self.fold(key, |_, _| true)
    }

    fn fold(&self, key: &mut [Part<'_>], to_other: impl Fn(&Texts, &str) -> bool) -> bool {
        let mut folded = false;
        for (part, column) in key.iter_mut().zip(&self.columns) {
            if let (Part::Text(text), Column::Open(texts)) = (&part, column)
                && to_other(texts, text)
            {
                *part = Part::Text(crate::label::OTHER);
                folded = true;
            }
        }
        folded
    }

    /// Adds a row; the caller holds the lock.
    fn insert(&self, key: &[Part<'_>]) -> Option<u32> {
        let series = self.len.load(Ordering::Relaxed);
        if series >= grown::CAPACITY.min(slots::CAPACITY) {
            return None;
        }
        let row = self.rows.row_or_make(series, || AtomicU32::new(ABSENT));
        for ((cell, column), part) in row.iter().zip(&self.columns).zip(key) {
            let number = match (part, column) {
                (Part::Index(index), _) => *index,
                (Part::Text(text), Column::Open(texts)) => {
                    texts.find(text).unwrap_or_else(|| texts.insert(text))
                }
                (Part::Absent, _) | (Part::Text(_), Column::Closed(_)) => ABSENT,
            };
            cell.store(number, Ordering::Relaxed);
        }
        self.slots
            .insert(hash::parts(self.seed, key), series, |series| {
                self.hash_of(series)
            });
        self.len.store(series + 1, Ordering::Release);
        Some(series)
    }

    fn hash_of(&self, series: u32) -> u64 {
        let row = self.rows.row(series).unwrap_or_default();
        let key: Vec<Part<'_>> = row
            .iter()
            .zip(&self.columns)
            .map(
                |(cell, column)| match (cell.load(Ordering::Relaxed), column) {
                    (ABSENT, _) => Part::Absent,
                    (number, Column::Closed(_)) => Part::Index(number),
                    (number, Column::Open(texts)) => Part::Text(texts.raw(number)),
                },
            )
            .collect();
        hash::parts(self.seed, &key)
    }

    /// The rows of `count` series from `first` on, which belong to one block.
    pub(super) fn rows(&self, first: u32, count: u32) -> Rows<'_> {
        Rows {
            numbers: self.rows.rows(first, count).unwrap_or_default(),
            columns: self.columns.len(),
        }
    }

    /// Puts the labels of row number `at` into `fragments`.
    #[inline]
    pub(super) fn labels<'a>(&'a self, rows: &Rows<'a>, at: usize, fragments: &mut Fragments<'a>) {
        let row = rows.numbers.get(at * rows.columns..).unwrap_or_default();
        for (at, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
            let number = cell.load(Ordering::Relaxed);
            fragments.set(at, number, || match column {
                _ if number == ABSENT => "",
                Column::Closed(fragments) => fragments.get(number as usize).map_or("", |text| text),
                Column::Open(texts) => texts.fragment(number),
            });
        }
    }

    /// The text of one open label of a series.
    pub(crate) fn text(&self, series: u32, label: usize) -> Option<&str> {
        let number = self.rows.row(series)?.get(label)?.load(Ordering::Relaxed);
        match self.columns.get(label)? {
            Column::Open(texts) if number != ABSENT => Some(texts.raw(number)),
            _ => None,
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let texts: usize = self
            .columns
            .iter()
            .map(|column| match column {
                Column::Closed(_) => 0,
                Column::Open(texts) => texts.heap_bytes(),
            })
            .sum();
        self.slots.heap_bytes() + self.rows.heap_bytes() + texts
    }
}
