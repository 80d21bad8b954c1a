//! The one place that reads clocks for work in progress.
//!
//! Durations come from a monotonic clock. Unix time is derived from it with an offset that each
//! thread renews every second: it spares a reading of the wall clock per request, and follows a
//! clock that was stepped within that second.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quanta::Instant;

/// A moment on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment(Instant);

impl Moment {
    #[inline]
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// The moment so long before this one.
    pub(crate) fn before(self, time: Duration) -> Self {
        Self(self.0.checked_sub(time).unwrap_or(self.0))
    }

    /// The time since `earlier`; zero if that is later.
    #[inline]
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// This moment as Unix time in seconds; 0 if the clock stands before 1970.
    #[inline]
    pub(crate) fn unix_seconds(self) -> f64 {
        thread_local! {
            static OFFSET: Cell<Option<(Instant, f64)>> = const { Cell::new(None) };
        }
        let known = OFFSET
            .get()
            .filter(|(read, _)| self.0.saturating_duration_since(*read) < Duration::from_secs(1));
        let (read, unix) = known.unwrap_or_else(|| {
            let unix = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let offset = (Instant::now(), unix.as_secs_f64());
            OFFSET.set(Some(offset));
            offset
        });
        unix + self.0.saturating_duration_since(read).as_secs_f64()
    }
}

/// Where the monotonic clock stands on the wall clock.
///
/// Times of one trace must fit together, so they are turned into Unix time by one such pair, and
/// not by the wall clock as it stood at each of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor {
    moment: Moment,
    unix_nanos: i128,
}

impl Anchor {
    pub(crate) fn now() -> Self {
        let unix = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_nanos().cast_signed(),
            Err(_) => 0,
        };
        Self {
            moment: Moment::now(),
            unix_nanos: unix,
        }
    }

    #[cfg(feature = "otlp")]
    /// Follows the wall clock, if that has moved away: it was stepped, or the clocks drift.
    pub(crate) fn follow(&mut self) {
        const ALLOWED: u128 = 10_000_000;
        let now = Self::now();
        let apart = now.unix_nanos - i128::from(self.unix_nanos(now.moment));
        if apart.unsigned_abs() > ALLOWED {
            *self = now;
        }
    }

    /// A moment in nanoseconds since 1970; 0 if it was before.
    pub(crate) fn unix_nanos(&self, moment: Moment) -> u64 {
        let apart = match moment.since(self.moment).as_nanos().cast_signed() {
            0 => -self.moment.since(moment).as_nanos().cast_signed(),
            later => later,
        };
        u64::try_from(self.unix_nanos + apart).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "otlp")]
    #[test]
    fn an_anchor_keeps_distances() {
        let mut anchor = Anchor::now();
        let begun = Moment::now();
        std::thread::sleep(Duration::from_millis(2));
        let ended = Moment::now();
        let apart = anchor.unix_nanos(ended) - anchor.unix_nanos(begun);
        assert_eq!(u128::from(apart), ended.since(begun).as_nanos());
        anchor.follow();
        assert_eq!(
            u128::from(anchor.unix_nanos(ended) - anchor.unix_nanos(begun)),
            ended.since(begun).as_nanos()
        );
        anchor.unix_nanos += 3_600_000_000_000;
        anchor.follow();
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos();
        let read = u128::from(anchor.unix_nanos(Moment::now()));
        assert!(
            read.abs_diff(wall) < 1_000_000_000,
            "a clock that was stepped is followed"
        );
    }

    #[test]
    fn what_lies_ahead_was_no_time_ago() {
        let (earlier, later) = (Moment::now(), Moment::now());
        assert_eq!(earlier.since(later), Duration::ZERO);
    }

    #[test]
    fn unix_time_is_the_wall_clock_s() {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs_f64();
        assert!((Moment::now().unix_seconds() - wall).abs() < 2.0);
    }

    // A registry is made of modelled atomics there, which live inside a model only.
    #[cfg(not(novacron_loom))]
    #[test]
    fn a_wall_clock_that_steps_back_does_not_take_the_last_time_back() {
        let registry = crate::Registry::new();
        let api = registry.register::<crate::catalog::ApiMetrics>().unwrap();
        let last = &api.last_request_timestamp_seconds;
        let key = crate::catalog::EndpointLabelsRef { endpoint: "/a" };
        for unix_seconds in [2_000.0, 1_000.0, -5.0, f64::NAN] {
            last.set(&key, unix_seconds);
        }
        assert_eq!(last.with(&key).get(), Some(2_000.0));
    }
}
