//! Whether pre-copy will end, and when.

use std::time::Duration;

/// What the last round of pre-copy says about the rest: how fast memory was copied, how fast the
/// guest dirtied it, and how much is left.
///
/// Pre-copy converges when each round leaves less than the one before. With `r` the dirty rate
/// divided by the bandwidth, a round that copies `R` bytes leaves `r · R`: below 1 the rounds shrink
/// like a geometric series, at 1 or above they never end. What was not measured yet is `None`,
/// never 0.
///
/// ```
/// use std::time::Duration;
/// use novacron_telemetry::record::Forecast;
///
/// let forecast = Forecast {
///     bandwidth: Some(100e6),
///     dirty_rate: Some(50e6),
///     remaining_bytes: Some(400_000_000),
///     max_downtime: Duration::from_millis(500),
/// };
/// assert_eq!(forecast.converges(), Some(true));
/// // 400 MB, 200 MB and 100 MB in 4 s, 2 s and 1 s leave the 50 MB that 500 ms suffice for.
/// assert_eq!(forecast.eta(), Some(Duration::from_secs(7)));
/// assert_eq!(forecast.switch_over(), Some(Duration::from_secs(4)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Memory copied, in bytes per second before encoding.
    pub bandwidth: Option<f64>,
    /// Memory dirtied meanwhile, in bytes per second.
    pub dirty_rate: Option<f64>,
    /// Bytes that wait to be copied.
    pub remaining_bytes: Option<u64>,
    /// The longest pause of the guest that is allowed.
    pub max_downtime: Duration,
}

impl Forecast {
    /// Whether pre-copy gets to where the rest fits into the longest pause allowed.
    #[must_use]
    pub fn converges(&self) -> Option<bool> {
        let (remaining, bandwidth) = self.rest()?;
        if self.fits(remaining, bandwidth) {
            return Some(true);
        }
        Some(self.dirty_rate? < bandwidth)
    }

    /// How long pre-copy still takes; `None` as well if it does not end.
    #[must_use]
    pub fn eta(&self) -> Option<Duration> {
        let (remaining, bandwidth) = self.rest()?;
        if self.fits(remaining, bandwidth) {
            return Some(Duration::ZERO);
        }
        let shrink = self.dirty_rate? / bandwidth;
        if shrink >= 1.0 {
            return None;
        }
        let goal = bandwidth * self.max_downtime.as_secs_f64() / remaining;
        let one = remaining / bandwidth;
        let seconds = if shrink <= 0.0 {
            one
        } else if goal <= 0.0 {
            // No pause is allowed at all: all the rounds there will ever be.
            one / (1.0 - shrink)
        } else {
            // A hair less, so that a quotient that should be whole is not rounded up past itself.
            let rounds = (goal.ln() / shrink.ln() - 1e-9).ceil().max(1.0);
            one * (1.0 - shrink.powf(rounds)) / (1.0 - shrink)
        };
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// How long the guest would pause if it were paused now.
    #[must_use]
    pub fn switch_over(&self) -> Option<Duration> {
        let (remaining, bandwidth) = self.rest()?;
        Duration::try_from_secs_f64(remaining / bandwidth).ok()
    }

    fn rest(&self) -> Option<(f64, f64)> {
        Some((self.remaining_bytes? as f64, self.bandwidth?))
    }

    fn fits(&self, remaining: f64, bandwidth: f64) -> bool {
        remaining <= bandwidth * self.max_downtime.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast(bandwidth: f64, dirty_rate: f64, remaining: u64) -> Forecast {
        Forecast {
            bandwidth: Some(bandwidth),
            dirty_rate: Some(dirty_rate),
            remaining_bytes: Some(remaining),
            max_downtime: Duration::from_millis(100),
        }
    }

    /// Plays the rounds that a forecast sums up in one formula.
    fn played(bandwidth: f64, dirty_rate: f64, remaining: u64) -> Option<f64> {
        let (mut left, mut seconds) = (remaining as f64, 0.0);
        for _ in 0..100_000 {
            if left <= bandwidth * 0.1 {
                return Some(seconds);
            }
            let round = left / bandwidth;
            seconds += round;
            left = dirty_rate * round;
        }
        None
    }

    #[test]
    fn the_formula_is_what_rounds_come_to() {
        for dirty_rate in [0.0, 1.0, 3e6, 50e6, 97e6] {
            for remaining in [0, 1, 9_999_999, 10_000_001, 123_456_789, 1 << 40] {
                let told = forecast(100e6, dirty_rate, remaining).eta().unwrap();
                let played = played(100e6, dirty_rate, remaining).unwrap();
                let apart = (told.as_secs_f64() - played).abs();
                assert!(
                    apart <= 1e-6 * played.max(1.0),
                    "{dirty_rate} {remaining}: {told:?} is not {played}"
                );
            }
        }
    }

    #[test]
    fn a_guest_that_dirties_as_fast_as_it_is_copied_never_gets_there() {
        for dirty_rate in [100e6, 101e6, f64::INFINITY] {
            let forecast = forecast(100e6, dirty_rate, 1 << 30);
            assert_eq!(forecast.converges(), Some(false));
            assert_eq!(forecast.eta(), None);
        }
    }

    #[test]
    fn what_is_small_enough_is_there_at_any_rate() {
        let forecast = forecast(100e6, 1e12, 10_000_000);
        assert_eq!(forecast.converges(), Some(true));
        assert_eq!(forecast.eta(), Some(Duration::ZERO));
    }

    #[test]
    fn the_unknown_stays_unknown() {
        let unknown = Forecast {
            bandwidth: None,
            ..forecast(0.0, 1.0, 1)
        };
        assert_eq!(unknown.converges(), None);
        assert_eq!(unknown.eta(), None);
        assert_eq!(unknown.switch_over(), None);
        let still = Forecast {
            dirty_rate: None,
            ..forecast(100e6, 0.0, 1 << 30)
        };
        assert_eq!(still.converges(), None);
    }

    #[test]
    fn a_guest_that_may_not_pause_gets_all_the_rounds() {
        let forecast = Forecast {
            max_downtime: Duration::ZERO,
            ..forecast(100e6, 50e6, 100_000_000)
        };
        assert_eq!(forecast.converges(), Some(true));
        assert_eq!(forecast.eta(), Some(Duration::from_secs(2)));
    }
}
