//! The first series of a family, found in one step.
//!
//! A look-up in the table walks from the index to the row, to each label's texts, to the cells. Here
//! all of that lies side by side, for as many label sets as fit: a place is chosen by the hash, the
//! first label set that is found there keeps it, and since series never go away it stays true. The
//! key is compared in full, as in the table; what has no place here is found there.

use crate::cell::CellId;
use crate::label::{MAX_VALUE_BYTES, Part};
use crate::sync::OnceLock;

use super::texts::same;

/// Places: enough for the routes, methods and statuses of a usual service.
const PLACES: usize = if cfg!(novacron_loom) { 2 } else { 512 };

/// Labels that an entry has room for.
const LABELS: usize = 4;

/// See the module.
#[derive(Debug)]
pub(super) struct Front(OnceLock<Box<[OnceLock<Box<Entry>>]>>);

#[derive(Debug)]
struct Entry {
    hash: u64,
    series: u32,
    cell: CellId,
    /// One word per label, as [`word`] makes them.
    words: [u32; LABELS],
    /// The texts of the open labels, one behind the other.
    texts: Box<str>,
}

impl Front {
    pub(super) fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Series and first cell of a label set, if it has a place here.
    #[inline]
    pub(super) fn find(&self, hash: u64, key: &[Part<'_>]) -> Option<(u32, CellId)> {
        let entry = self.0.get()?.get(place(hash))?.get()?;
        (entry.hash == hash && entry.is(key)).then_some((entry.series, entry.cell))
    }

    /// Gives a label set that was found in the table a place here, if one is free.
    pub(super) fn keep(&self, hash: u64, key: &[Part<'_>], series: u32, cell: CellId) {
        let long =
            |part: &Part<'_>| matches!(part, Part::Text(text) if text.len() > MAX_VALUE_BYTES);
        if key.len() > LABELS || key.iter().any(long) {
            return;
        }
        let places = self
            .0
            .get_or_init(|| (0..PLACES).map(|_| OnceLock::new()).collect());
        if let Some(place) = places.get(place(hash)) {
            place.get_or_init(|| Box::new(Entry::new(hash, key, series, cell)));
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let Some(places) = self.0.get() else {
            return 0;
        };
        let kept = places.iter().filter_map(OnceLock::get);
        size_of_val(&**places)
            + kept
                .map(|entry| size_of::<Entry>() + entry.texts.len())
                .sum::<usize>()
    }
}

impl Entry {
    fn new(hash: u64, key: &[Part<'_>], series: u32, cell: CellId) -> Self {
        let mut words = [0; LABELS];
        let mut texts = String::new();
        for (slot, part) in words.iter_mut().zip(key) {
            *slot = word(*part);
            if let Part::Text(text) = part {
                texts.push_str(text);
            }
        }
        Self {
            hash,
            series,
            cell,
            words,
            texts: texts.into(),
        }
    }

    #[inline]
    fn is(&self, key: &[Part<'_>]) -> bool {
        let mut texts = self.texts.as_bytes();
        key.iter().zip(&self.words).all(|(part, known)| {
            word(*part) == *known
                && match part {
                    Part::Text(text) => match texts.split_at_checked(text.len()) {
                        Some((first, rest)) => {
                            texts = rest;
                            same(first, text.as_bytes())
                        }
                        None => false,
                    },
                    Part::Index(_) | Part::Absent => true,
                }
        })
    }
}

/// A part in a word: a place, no place, or the length of a text.
#[inline]
fn word(part: Part<'_>) -> u32 {
    match part {
        Part::Index(index) => index,
        Part::Absent => u32::MAX,
        Part::Text(text) => (1 << 31) | text.len() as u32,
    }
}

/// The upper bits choose: the table's index is chosen by the lower ones.
#[inline]
fn place(hash: u64) -> usize {
    (hash >> 32) as usize % PLACES
}

#[cfg(all(test, not(novacron_loom)))]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_hash_are_told_apart_and_the_first_keeps_its_place() {
        let front = Front::new();
        let keys = [
            [Part::Text("ab"), Part::Text("c"), Part::Index(7)],
            [Part::Text("a"), Part::Text("bc"), Part::Index(7)],
            [Part::Text("ab"), Part::Text("c"), Part::Index(8)],
            [Part::Text("ab"), Part::Absent, Part::Index(7)],
            [Part::Text("ab"), Part::Text("d"), Part::Index(7)],
        ];
        for (series, key) in keys.iter().enumerate() {
            front.keep(42, key, series as u32, 100);
        }
        assert_eq!(front.find(42, &keys[0]), Some((0, 100)));
        for key in &keys[1..] {
            assert_eq!(front.find(42, key), None, "{key:?}");
        }
        assert_eq!(
            front.find(43, &keys[0]),
            None,
            "another hash, the same place"
        );
    }

    #[test]
    fn what_is_too_wide_or_too_long_stays_behind() {
        let front = Front::new();
        let long = "x".repeat(MAX_VALUE_BYTES + 1);
        for key in [vec![Part::Index(1); LABELS + 1], vec![Part::Text(&long)]] {
            front.keep(1, &key, 0, 0);
            assert_eq!(front.find(1, &key), None);
        }
        assert_eq!(front.heap_bytes(), 0);
    }
}
