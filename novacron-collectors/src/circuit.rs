//! Leaving a broken target alone for a while.
//!
//! One mount point, sensor or domain that does not answer must not cost every run its deadline. A
//! target that failed is left out for an interval, then for two, four and so on, at most five
//! minutes; one that works again is forgotten.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use novacron_collectors::circuit::Circuits;
//!
//! let mut mounts = Circuits::<String>::new(Duration::from_secs(30));
//! let now = Instant::now();
//! assert!(mounts.allows("/mnt/nfs", now));
//! mounts.failed("/mnt/nfs", now);
//! assert!(!mounts.allows("/mnt/nfs", now + Duration::from_secs(29)));
//! assert!(mounts.allows("/mnt/nfs", now + Duration::from_secs(30)));
//! ```

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// The longest time for which a target is left alone.
const LONGEST: Duration = Duration::from_secs(300);
/// The most broken targets that are remembered; further ones are tried each time.
const MOST: usize = 4096;

/// Which targets are left alone, and until when.
#[derive(Clone, Debug)]
pub struct Circuits<K> {
    interval: Duration,
    open: HashMap<K, Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    failures: u32,
    until: Instant,
}

impl<K: Eq + Hash> Circuits<K> {
    /// All targets work; one that fails is first left alone for this long.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            open: HashMap::new(),
        }
    }

    /// Whether this target is to be tried now.
    pub fn allows<Q: Eq + Hash + ?Sized>(&self, target: &Q, now: Instant) -> bool
    where
        K: Borrow<Q>,
    {
        self.open.get(target).is_none_or(|open| now >= open.until)
    }

    /// It failed: the next pause is twice the last one.
    pub fn failed(&mut self, target: impl Into<K>, now: Instant) {
        let target = target.into();
        if self.open.len() >= MOST && !self.open.contains_key(&target) {
            return;
        }
        let open = self.open.entry(target).or_insert(Open {
            failures: 0,
            until: now,
        });
        let pause = self.interval * 2_u32.saturating_pow(open.failures.min(16));
        open.until = now + pause.min(LONGEST);
        open.failures += 1;
    }

    /// It worked.
    pub fn worked<Q: Eq + Hash + ?Sized>(&mut self, target: &Q)
    where
        K: Borrow<Q>,
    {
        self.open.remove(target);
    }

    /// Forgets targets that are no more.
    pub fn retain(&mut self, mut exists: impl FnMut(&K) -> bool) {
        self.open.retain(|target, _| exists(target));
    }

    /// How many targets failed when they were tried last.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_end_with_success() {
        let mut circuits = Circuits::<String>::new(Duration::from_secs(10));
        let mut now = Instant::now();
        for pause in [10, 20, 40, 80, 160, 300, 300] {
            circuits.failed("x", now);
            let just_before = now + Duration::from_secs(pause) - Duration::from_millis(1);
            assert!(!circuits.allows("x", just_before), "{pause}");
            now += Duration::from_secs(pause);
            assert!(circuits.allows("x", now), "{pause}");
        }
        circuits.worked("x");
        circuits.failed("x", now);
        assert!(circuits.allows("x", now + Duration::from_secs(10)));
    }

    #[test]
    fn a_flood_of_targets_is_not_remembered() {
        let mut circuits = Circuits::<String>::new(Duration::from_secs(10));
        let now = Instant::now();
        for target in 0..2 * MOST {
            circuits.failed(target.to_string(), now);
        }
        assert_eq!(circuits.broken(), MOST);
        circuits.retain(|target| target == "1");
        assert_eq!(circuits.broken(), 1);
    }
}
