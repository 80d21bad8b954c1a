//! One run of a collector, as the collector sees it.

use std::fmt;
use std::time::{Duration, Instant};

use super::CollectError;

/// The most targets that are named; the others are counted.
const NAMED: usize = 8;
/// The longest text that is kept of one.
const LONGEST: usize = 256;

/// One run of a collector: how long it may still take, and what it has to leave out.
#[derive(Debug)]
pub struct Run {
    deadline: Instant,
    again_in: Option<Duration>,
    skipped: usize,
    named: Vec<String>,
    failure: Option<CollectError>,
}

impl Run {
    /// A run that may take this long. The sampler makes them; this is for tests of collectors.
    #[must_use]
    pub fn within(deadline: Duration) -> Self {
        Self {
            deadline: Instant::now() + deadline,
            again_in: None,
            skipped: 0,
            named: Vec::new(),
            failure: None,
        }
    }

    /// Until when it may take.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How long it may still take; zero if the deadline has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether the deadline has passed: what is read from here on is thrown away.
    #[must_use]
    pub fn expired(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Says that a target was left out, and why: the run is then *partial*.
    pub fn skip(&mut self, target: impl fmt::Display, why: impl fmt::Display) {
        self.skipped += 1;
        if self.named.len() < NAMED {
            let mut text = format!("{target}: {why}");
            if text.len() > LONGEST {
                let end = (0..=LONGEST).rfind(|at| text.is_char_boundary(*at));
                text.truncate(end.unwrap_or_default());
            }
            self.named.push(text);
        }
    }

    /// Says that this run failed although there is a reading to publish: that what was asked does
    /// not answer, say, and what it said before. It counts as if the error had been returned; how
    /// long old values are shown is the collector's own affair then.
    pub fn fail(&mut self, error: CollectError) {
        self.failure = Some(error);
    }

    /// Why this run failed, if it said so.
    #[must_use]
    pub fn failure(&self) -> Option<&CollectError> {
        self.failure.as_ref()
    }

    /// How many targets were left out so far.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The first of those that were left out, each with its reason.
    #[must_use]
    pub fn skipped_targets(&self) -> &[String] {
        &self.named
    }

    /// Asks to be run again sooner than the schedule says, once: while something moves fast.
    pub fn again_in(&mut self, pause: Duration) {
        self.again_in = Some(pause);
    }

    pub(super) fn asked_again(&self) -> Option<Duration> {
        self.again_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted_and_the_first_are_named() {
        let mut run = Run::within(Duration::from_secs(60));
        for disk in 0..20 {
            run.skip(format_args!("disk{disk}"), "ö".repeat(LONGEST));
        }
        assert_eq!(run.skipped(), 20);
        assert_eq!(run.skipped_targets().len(), NAMED);
        assert!(run.skipped_targets()[7].starts_with("disk7: ö"));
        assert!(run.skipped_targets()[7].len() <= LONGEST);
        assert!(!run.expired() && Run::within(Duration::ZERO).expired());
    }
}
