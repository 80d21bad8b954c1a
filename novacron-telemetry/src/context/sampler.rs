//! Whether a trace is kept: decided before anything is built, the same for one trace id wherever
//! it is asked.

use std::time::Duration;

use super::class::{Class, SamplingRates};
use super::clock::Moment;
use crate::error::Result;
use crate::sync::{AtomicU64, Ordering};

/// The bits of a trace id that W3C Trace Context promises to be random, and that all its samplers
/// compare: the last seven bytes.
const RANDOM_BITS: u32 = 56;

/// See the module.
#[derive(Debug)]
pub(super) struct Sampler {
    /// By class: a trace is kept from this number on.
    thresholds: [u64; Class::ALL.len()],
    honour_parent: bool,
    parents: Limit,
}

impl Sampler {
    pub(super) fn new(rates: &SamplingRates) -> Result<Self> {
        rates.check()?;
        Ok(Self {
            thresholds: Class::ALL.map(|class| threshold(rates.of(class))),
            honour_parent: rates.honour_parent,
            parents: Limit::new(rates.parent_traces_per_second),
        })
    }

    /// Whether a trace of this id that begins with this class is kept.
    pub(super) fn keeps(&self, class: Class, trace_id: u128) -> bool {
        trace_id as u64 & ((1 << RANDOM_BITS) - 1) >= self.thresholds[class as usize]
    }

    /// Whether every trace of this class is kept, also one that begins inside a trace that is not.
    #[inline]
    pub(super) fn keeps_all(&self, class: Class) -> bool {
        self.thresholds[class as usize] == 0
    }

    pub(super) fn honours_parents(&self) -> bool {
        self.honour_parent
    }

    /// Whether one more trace may be kept because its parent elsewhere says so.
    pub(super) fn trusts_one_more(&self) -> bool {
        self.parents.take()
    }
}

/// Kept are the highest numbers, so that a higher rate keeps all that a lower one keeps.
fn threshold(rate: f64) -> u64 {
    let all = (1u64 << RANDOM_BITS) as f64;
    (all - rate * all) as u64
}

/// So many per second, evenly, with a second's worth at once: one word, no lock.
#[derive(Debug)]
struct Limit {
    since: Moment,
    every: u64,
    /// The moment, in nanoseconds since then, from which on a full second's worth is free again.
    paid_until: AtomicU64,
}

const SECOND: u64 = 1_000_000_000;

impl Limit {
    fn new(per_second: u32) -> Self {
        Self {
            since: Moment::now(),
            // Not even one per second is never.
            every: SECOND
                .checked_div(u64::from(per_second))
                .unwrap_or(u64::MAX),
            paid_until: AtomicU64::new(0),
        }
    }

    fn take(&self) -> bool {
        self.take_at(Moment::now().since(self.since))
    }

    fn take_at(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let paid = self
            .paid_until
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid| {
                let next = paid.max(now).checked_add(self.every)?;
                (next <= now.saturating_add(SECOND)).then_some(next)
            });
        paid.is_ok()
    }
}

#[cfg(all(test, not(novacron_loom)))]
mod tests {
    use super::*;

    fn sampler(default: f64) -> Sampler {
        let rates = SamplingRates {
            default,
            ..SamplingRates::default()
        };
        Sampler::new(&rates).unwrap()
    }

    #[test]
    fn a_higher_rate_keeps_what_a_lower_one_keeps() {
        let (few, many) = (sampler(0.1), sampler(0.3));
        let mut kept = [0; 2];
        for _ in 0..20_000 {
            let id = super::super::ids::new_trace_id();
            let (by_few, by_many) = (
                few.keeps(Class::Default, id),
                many.keeps(Class::Default, id),
            );
            assert!(by_many || !by_few, "{id:x}");
            kept[0] += u32::from(by_few);
            kept[1] += u32::from(by_many);
        }
        // Five standard deviations.
        assert!(kept[0].abs_diff(2_000) < 213, "{kept:?}");
        assert!(kept[1].abs_diff(6_000) < 325, "{kept:?}");
    }

    #[test]
    fn all_is_all_and_none_is_none() {
        for id in [0, 1, u128::MAX, (1 << 56) - 1, 1 << 56] {
            assert!(sampler(1.0).keeps(Class::Default, id));
            assert!(!sampler(0.0).keeps(Class::Default, id));
        }
        assert!(sampler(1.0).keeps_all(Class::Default) && !sampler(0.99).keeps_all(Class::Default));
    }

    #[test]
    fn a_rate_that_is_none_is_refused() {
        for rate in [-0.1, 1.1, f64::NAN] {
            let rates = SamplingRates {
                migration: rate,
                ..SamplingRates::default()
            };
            assert!(
                Sampler::new(&rates)
                    .unwrap_err()
                    .to_string()
                    .contains("Migration")
            );
        }
    }

    #[test]
    fn a_limit_lets_a_second_s_worth_through_and_then_its_pace() {
        let limit = Limit::new(10);
        let taken = |at: f64| {
            (0..100)
                .filter(|_| limit.take_at(Duration::from_secs_f64(at)))
                .count()
        };
        assert_eq!(taken(5.0), 10);
        assert_eq!(taken(5.0), 0);
        assert_eq!(taken(5.5), 5);
        assert_eq!(taken(60.0), 10, "what was not used does not add up");
        assert!(!Limit::new(0).take_at(Duration::from_secs(9)));
    }
}
