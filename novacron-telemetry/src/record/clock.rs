//! The one place that reads clocks for work in progress.
//!
//! Durations come from a monotonic clock. Unix time is derived from it with an offset that each
//! thread renews every second, which costs a third of a second reading of the wall clock and
//! follows a stepped clock within that second.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quanta::Instant;

/// A moment on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Instant);

impl Moment {
    #[inline]
    pub(crate) fn now() -> Self {
        Self(Instant::now())
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
