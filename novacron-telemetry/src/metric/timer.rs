//! Durations: one type through which they enter, and a timer that observes on drop.

use std::time::{Duration, Instant};

use super::histogram::Histogram;

/// A number of seconds, from a [`Duration`] or from an `f64`. Other units (bytes, rows) enter the
/// same way, as plain numbers.
///
/// It is only a carrier: what is negative or not finite is refused by the instrument that takes it,
/// and counted there.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Seconds(f64);

impl Seconds {
    /// The number.
    #[inline]
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl From<Duration> for Seconds {
    #[inline]
    fn from(duration: Duration) -> Self {
        Self(duration.as_secs_f64())
    }
}

impl From<f64> for Seconds {
    #[inline]
    fn from(seconds: f64) -> Self {
        Self(seconds)
    }
}

/// Observes its age in a histogram when it is dropped.
#[derive(Debug)]
#[must_use = "dropped at once, it observes next to nothing"]
pub struct Timer {
    histogram: Option<Histogram>,
    begun: Instant,
}

impl Timer {
    pub(crate) fn new(histogram: Histogram) -> Self {
        Self {
            histogram: Some(histogram),
            begun: Instant::now(),
        }
    }

    /// Observes now and returns what was observed.
    pub fn observe(mut self) -> Duration {
        self.stop()
    }

    /// Lets go without an observation.
    pub fn discard(mut self) {
        self.histogram = None;
    }

    fn stop(&mut self) -> Duration {
        let age = self.begun.elapsed();
        if let Some(histogram) = self.histogram.take() {
            histogram.observe(age);
        }
        age
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if self.histogram.is_some() {
            self.stop();
        }
    }
}
