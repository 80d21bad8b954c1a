//! How a batch gets to the collector, whatever the protocol, and what can come of it.

use std::time::{Duration, Instant};

/// Sends encoded batches. Called on the exporter's own thread, which it may block until the
/// deadline and no longer.
pub(super) trait Transport: Send {
    /// Sends an encoded `ExportTraceServiceRequest`.
    fn send(&mut self, request: &[u8], deadline: Instant) -> Result<Accepted, Failure>;
}

/// The collector took the batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Accepted {
    /// But not these many spans of it.
    pub(super) rejected: u64,
}

/// The collector did not take the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// And never will.
    Refused(String),
    /// It is too large for it.
    TooLarge,
    /// It did not say in time whether it did. To send it again could send it twice, and takes as
    /// long again.
    TimedOut,
    /// It may later: after this time, if it said so.
    Again(String, Option<Duration>),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(why) | Self::Again(why, _) => f.write_str(why),
            Self::TooLarge => f.write_str("the batch is too large for the collector"),
            Self::TimedOut => f.write_str("the collector did not answer in time"),
        }
    }
}

/// How long a collector may ask us to stay away.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
