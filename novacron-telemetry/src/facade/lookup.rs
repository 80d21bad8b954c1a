//! From a key of the `metrics` crate to its series.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use metrics::Key;

use super::cell::Cell;
use super::house::House;
use super::name;
use super::series::{Family, Label, Series, Shape, take};
use crate::metric::visit::Source;
use crate::sync::{Ordering, RwLock};

/// All families of one kind.
pub(super) struct Lookup<C> {
    /// Keys that were seen, for the macros: they ask again at each event. The hash of a key is made
    /// with it.
    known: RwLock<HashMap<Key, Arc<Series<C>>, BuildHasherDefault<Prehashed>>>,
    /// By the name they were called; `None` for one that was refused.
    by_name: RwLock<HashMap<Box<str>, Entry<C>>>,
}

type Entry<C> = Option<Arc<Family<C>>>;

/// Keys that are remembered for one series: labels in another order are another key.
const KEYS_PER_SERIES: u32 = 4;

/// Keys with more bytes than this are looked up by their parts each time.
const LONGEST_KEY: usize = 1024;

/// The most labels of a series.
const MOST_LABELS: usize = 32;

impl<C> Default for Lookup<C> {
    fn default() -> Self {
        Self {
            known: RwLock::new(HashMap::default()),
            by_name: RwLock::new(HashMap::new()),
        }
    }
}

impl<C: Cell> Lookup<C> {
    pub(super) fn handle(&self, house: &House, key: &Key) -> C::Handle {
        let known = self.known.read().get(key).map(Arc::clone);
        match known.or_else(|| self.find(house, key)) {
            Some(series) => C::handle(series),
            None => C::silent(),
        }
    }

    /// The family that was called so, if it is there.
    pub(super) fn family(&self, raw: &str) -> Option<Arc<Family<C>>> {
        self.by_name.read().get(raw).cloned().flatten()
    }

    #[cold]
    fn find(&self, house: &House, key: &Key) -> Option<Arc<Series<C>>> {
        let family = self.family_or_new(house, key.name())?;
        let refuse = |why: std::fmt::Arguments<'_>| house.refuse(&family.shape.name, why);
        let mut labels = Vec::with_capacity(key.labels().len());
        for label in key.labels() {
            let (raw, value) = (label.key(), label.value());
            let shown = if raw.len() < name::LONGEST && labels.len() < MOST_LABELS {
                name::of_label(raw, |name| house.registry.is_constant_label(name))
            } else {
                None
            };
            let Some(shown) = shown else {
                let raw = name::cut(raw, 64).escape_debug();
                refuse(format_args!(
                    "label `{raw}` is reserved, too long, or one of more than {MOST_LABELS}"
                ));
                return None;
            };
            labels.push(Label {
                name: shown,
                raw,
                value,
            });
        }
        labels.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = labels.windows(2).find(|pair| pair[0].name == pair[1].name) {
            refuse(format_args!("label `{}` is there twice", pair[0].name));
            return None;
        }
        let series = match family.series(&labels, &house.room) {
            Ok(series) => series,
            Err(same) => {
                refuse(format_args!(
                    "labels `{}` and `{}` would both be shown as `{}`",
                    same.first.escape_debug(),
                    same.second.escape_debug(),
                    same.shown,
                ));
                return None;
            }
        };
        self.remember(key, &series);
        Some(series)
    }

    /// An overflow series is found by its parts each time, or its keys would be remembered without
    /// end.
    fn remember(&self, key: &Key, series: &Arc<Series<C>>) {
        let labels = key.labels();
        let bytes = labels.fold(key.name().len(), |sum, label| {
            sum + label.key().len() + label.value().len()
        });
        if series.is_overflow()
            || bytes > LONGEST_KEY
            || series.keys.fetch_add(1, Ordering::Relaxed) >= KEYS_PER_SERIES
        {
            return;
        }
        self.known
            .update(|known| known.insert(key.clone(), Arc::clone(series)));
    }

    fn family_or_new(&self, house: &House, raw: &str) -> Option<Arc<Family<C>>> {
        if let Some(known) = self.by_name.read().get(raw) {
            if known.is_none() {
                // Logged when it was refused.
                house.registry.count_refusal();
            }
            return known.clone();
        }
        if raw.is_empty() || raw.len() > name::LONGEST {
            // Not remembered: a name may be as long as it likes.
            let why = format_args!("it is empty or longer than {} bytes", name::LONGEST);
            house.refuse("(unusable names)", why);
            return None;
        }
        let (family, refused) = self.by_name.update(|by_name| {
            if let Some(known) = by_name.get(raw) {
                return (known.clone(), None);
            }
            if !take(&house.families) {
                let why = format!("there are {} families already", house.max_families);
                return (None, Some((true, why)));
            }
            let family = Arc::new(Family::new(
                Shape::new(raw, C::KIND, house.bounds(C::KIND, raw)),
                house.max_series,
            ));
            let (entry, refused) = match house
                .registry
                .add_source(Arc::clone(&family) as Arc<dyn Source>)
            {
                Ok(()) => (Some(family), None),
                Err(error) => (None, Some((false, error.to_string()))),
            };
            by_name.insert(raw.into(), entry.clone());
            (entry, refused)
        });
        // Nothing is logged under a lock: whoever writes the log may count through us.
        if let Some((past_limit, why)) = refused {
            // There is no end to names past the limit, so they share one complaint.
            let subject = if past_limit {
                "(names past the limit)"
            } else {
                raw
            };
            house.refuse(subject, format_args!("{why}"));
        }
        if let (Some(family), Some(description)) = (&family, house.description(C::KIND, raw)) {
            family.shape.describe(description);
        }
        family
    }
}

/// Takes the hash that a key brings along.
#[derive(Default)]
pub(super) struct Prehashed(u64);

impl Hasher for Prehashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        // A key writes its hash and nothing else; should it ever change, this still tells keys apart.
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
