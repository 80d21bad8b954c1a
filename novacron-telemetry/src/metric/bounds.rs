//! The bounds of a histogram, prepared: how they are searched, and how they are written.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// One list of bounds. Made once per list and kept for good, as the lists are constants.
#[derive(Debug)]
pub(crate) struct Bounds {
    /// Finite upper ends, ascending.
    pub(crate) upper: &'static [f64],
    /// `le="…"` for each bound and for `+Inf`.
    pub(crate) le: &'static [Box<str>],
    /// The slot of the first bound.
    base: u64,
    /// For each slot from there to the slot of the last bound: how many bounds lie in earlier ones.
    earlier: &'static [u8],
}

/// A slot is a quarter of an octave: the exponent of an `f64` and two bits of its mantissa. Few lists
/// have two bounds in one slot, so a search looks at one bound or two, however long the list is.
const SLOT_SHIFT: u32 = 50;

fn slot(observation: f64) -> u64 {
    // The absolute value, or -0.0 would be in the last slot of all.
    observation.abs().to_bits() >> SLOT_SHIFT
}

impl Bounds {
    /// No bounds: everything is above them.
    pub(crate) const NONE: &'static Bounds = &Bounds {
        upper: &[],
        le: &[],
        base: 0,
        earlier: &[],
    };

    /// The prepared form of a list.
    pub(crate) fn of(upper: &'static [f64]) -> &'static Self {
        type Made = HashMap<(usize, usize), &'static Bounds>;
        static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
        if upper.is_empty() {
            return Self::NONE;
        }
        MADE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry((upper.as_ptr().addr(), upper.len()))
            .or_insert_with(|| Box::leak(Box::new(Self::prepare(upper))))
    }

    fn prepare(upper: &'static [f64]) -> Self {
        // Bounds below 0 would have no slot; a histogram refuses what is negative, so such a bound
        // never separates anything and counts as 0.
        let slots: Vec<u64> = upper.iter().map(|bound| slot(bound.max(0.0))).collect();
        let (base, last) = (slots[0], slots[slots.len() - 1]);
        let earlier = (base..=last)
            .map(|at| slots.partition_point(|slot| *slot < at) as u8)
            .collect::<Vec<u8>>();
        Self {
            upper,
            le: Vec::leak(fragments(upper)),
            base,
            earlier: Vec::leak(earlier),
        }
    }

    /// The bucket of an observation that is not negative: the number of bounds below it.
    #[inline]
    pub(crate) fn bucket(&self, observation: f64) -> u32 {
        let slot = slot(observation);
        let mut bucket = match self.earlier.get(slot.wrapping_sub(self.base) as usize) {
            Some(earlier) => *earlier as usize,
            None if slot < self.base => 0,
            None => self.upper.len(),
        };
        while let Some(bound) = self.upper.get(bucket)
            && *bound < observation
        {
            bucket += 1;
        }
        bucket as u32
    }
}

/// `le="…"` for each bound and for `+Inf`.
///
/// One spelling in every format, so that a change of format is not a change of series: a bound has
/// a fraction or an exponent, `1.0` and not `1`.
pub(crate) fn fragments(upper: &[f64]) -> Vec<Box<str>> {
    upper
        .iter()
        .map(|bound| format!("le=\"{}\"", canonical(*bound)).into())
        .chain(std::iter::once("le=\"+Inf\"".into()))
        .collect()
}

/// A bound as OpenMetrics asks for it: like Go's `%g`, with a fraction if it has no exponent.
pub(crate) fn canonical(bound: f64) -> String {
    let plain = format!("{bound:?}");
    if plain.contains('e') || bound.abs() < 1e6 {
        // Rust writes 1e-5 where Go writes 1e-05.
        return match plain.split_once("e-") {
            Some((mantissa, exponent)) if exponent.len() == 1 => format!("{mantissa}e-0{exponent}"),
            _ => plain,
        };
    }
    let scientific = format!("{bound:e}");
    match scientific.split_once('e') {
        Some((mantissa, exponent)) if exponent.len() == 1 => format!("{mantissa}e+0{exponent}"),
        Some((mantissa, exponent)) => format!("{mantissa}e+{exponent}"),
        None => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::buckets;

    #[test]
    fn a_search_finds_what_counting_finds() {
        for upper in [
            buckets::HTTP,
            buckets::SELF,
            buckets::BYTES,
            buckets::RATE,
            buckets::STREAM,
        ] {
            let bounds = Bounds::of(upper);
            let near = upper.iter().flat_map(|bound| {
                [
                    bound.next_down(),
                    *bound,
                    bound.next_up(),
                    bound * 1.1,
                    bound * 0.9,
                    bound * 2.0,
                ]
            });
            for observation in near.chain([0.0, -0.0, f64::MIN_POSITIVE, f64::MAX, 1.0]) {
                let counted = upper.iter().filter(|bound| **bound < observation).count();
                assert_eq!(
                    bounds.bucket(observation) as usize,
                    counted,
                    "{observation} in {upper:?}"
                );
            }
        }
        assert_eq!(Bounds::NONE.bucket(1.0), 0);
        assert_eq!(Bounds::of(&[0.0, 1.0]).bucket(0.5), 1);
    }
}
