//! How often a collector runs.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// How often a collector runs, how long a run may take, and how old its values may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Schedule {
    every: Duration,
    deadline: Option<Duration>,
    stale_after: Option<Duration>,
}

impl Schedule {
    /// Runs at this interval. Unless it is said otherwise a run may take as long as the interval,
    /// at most 5 s, and values are shown for three intervals, at least 30 s.
    pub const fn every(interval: Duration) -> Self {
        Self {
            every: interval,
            deadline: None,
            stale_after: None,
        }
    }

    /// How long a run may take.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How long values are shown after the run that read them.
    pub const fn stale_after(mut self, age: Duration) -> Self {
        self.stale_after = Some(age);
        self
    }

    /// The interval.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.every
    }

    /// How long a run may take.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.deadline.unwrap_or(self.every.min(LONGEST))
    }

    /// How long values are shown after the run that read them.
    #[must_use]
    pub fn oldest(&self) -> Duration {
        self.stale_after.unwrap_or((self.every * 3).max(OLDEST))
    }

    pub(super) fn validate(&self, collector: &str) -> Result<()> {
        let wrong = |what: &str| {
            Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("collector `{collector}`: {what}"),
            ))
        };
        if self.every < SHORTEST {
            return wrong("`interval` must be at least 100 ms");
        }
        if self.longest().is_zero() {
            return wrong("`timeout` must be more than 0 s");
        }
        if self.oldest() < self.every {
            return wrong("`stale_after` must not be shorter than `interval`");
        }
        Ok(())
    }
}

/// Nothing that is worth reading changes faster than anybody scrapes.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
const OLDEST: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_follows_from_the_interval() {
        let fast = Schedule::every(Duration::from_secs(2));
        assert_eq!(fast.longest(), Duration::from_secs(2));
        assert_eq!(fast.oldest(), Duration::from_secs(30));
        let slow = Schedule::every(Duration::from_secs(60));
        assert_eq!(slow.longest(), Duration::from_secs(5));
        assert_eq!(slow.oldest(), Duration::from_secs(180));
    }

    #[test]
    fn a_schedule_that_cannot_be_kept_is_refused_with_its_key() {
        let second = Duration::from_secs(1);
        for (schedule, key) in [
            (Schedule::every(Duration::ZERO), "`interval`"),
            (
                Schedule::every(second).deadline(Duration::ZERO),
                "`timeout`",
            ),
            (
                Schedule::every(second * 9).stale_after(second),
                "`stale_after`",
            ),
        ] {
            let error = schedule.validate("cpu").unwrap_err().to_string();
            assert!(error.contains(key) && error.contains("`cpu`"), "{error}");
        }
        assert!(Schedule::every(second).validate("cpu").is_ok());
    }
}
