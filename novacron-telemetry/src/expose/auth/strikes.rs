//! Who was refused lately, and how often.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::super::source;
use crate::sync::Mutex;

/// Refusals by source.
#[derive(Debug, Default)]
pub(super) struct Strikes(Mutex<HashMap<IpAddr, Strike>>);

#[derive(Clone, Copy, Debug)]
struct Strike {
    count: u32,
    last: Instant,
}

/// So many refusals cost nothing: a scraper whose token was forgotten is told so at once.
const FREE: u32 = 10;
/// After so long without a refusal, all are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60);
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// Sources that are kept apart at most; the rest of them is one.
const MOST: usize = 1024;

impl Strikes {
    /// Counts a refusal; returns how long to hold it back.
    pub(super) fn strike(&self, from: Option<IpAddr>, now: Instant) -> Duration {
        let Some(from) = from else {
            return Duration::ZERO;
        };
        let mut strikes = self.0.lock();
        let mut key = source::of(from);
        if strikes.len() >= MOST && !strikes.contains_key(&key) {
            strikes.retain(|_, strike| now.duration_since(strike.last) < FORGOTTEN);
            if strikes.len() >= MOST {
                key = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
            }
        }
        let strike = strikes.entry(key).or_insert(Strike {
            count: 0,
            last: now,
        });
        if now.duration_since(strike.last) >= FORGOTTEN {
            strike.count = 0;
        }
        strike.last = now;
        strike.count = strike.count.saturating_add(1);
        match strike.count.checked_sub(FREE + 1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST.saturating_mul(1 << doublings.min(8)).min(LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_held_back_longer_and_longer_and_forgotten_in_the_end() {
        let strikes = Strikes::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let begun = Instant::now();
        let held: Vec<_> = (0..40).map(|_| strikes.strike(Some(one), begun)).collect();
        assert!(held[..10].iter().all(Duration::is_zero));
        assert_eq!(held[10], FIRST);
        assert!(held.is_sorted() && held[39] == LONGEST);
        assert!(
            strikes.strike(Some(other), begun).is_zero(),
            "another source"
        );
        assert!(strikes.strike(None, begun).is_zero(), "no source");
        assert!(strikes.strike(Some(one), begun + FORGOTTEN).is_zero());
    }

    #[test]
    fn a_million_sources_take_no_more_room_than_a_thousand() {
        let strikes = Strikes::default();
        let begun = Instant::now();
        for n in 0..20_000_u32 {
            strikes.strike(Some(IpAddr::from(n.to_be_bytes())), begun);
        }
        assert!(strikes.0.lock().len() <= MOST + 1);
        let stranger = Some(IpAddr::from([250, 1, 2, 3]));
        assert_eq!(strikes.strike(stranger, begun), LONGEST);
    }
}
