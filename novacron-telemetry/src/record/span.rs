//! The spans of verbs, guards and layers: what they have in common at their end.

use std::time::Duration;

use super::Outcome;
use super::guard::Ending;
use crate::context::{FinishedSpan, Rescue, SpanStatus, TraceContext};
use crate::metric::Histogram;
use crate::metric::exemplar::Exemplar;

/// How work ended, to a span: as asked, or not and for this class of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanEnd {
    Success,
    /// The caller asked for what it cannot have: no failure of the work.
    Refused(&'static str),
    Failed(&'static str),
    TimedOut,
    Cancelled,
    Panicked,
}

impl SpanEnd {
    #[cfg(feature = "http")]
    /// Success or this class of failure.
    pub(crate) fn of(success: bool, error_type: &'static str) -> Self {
        if success {
            Self::Success
        } else {
            Self::Failed(error_type)
        }
    }

    /// What is bad about it.
    pub(crate) fn rescue(self, slow: bool) -> Option<Rescue> {
        match self {
            Self::Cancelled => Some(Rescue::Cancelled),
            Self::Failed(_) | Self::TimedOut | Self::Panicked => Some(Rescue::Error),
            Self::Success | Self::Refused(_) => slow.then_some(Rescue::Slow),
        }
    }

    /// Says it on the span.
    pub(crate) fn tell(self, span: &mut FinishedSpan) {
        let (outcome, failed) = match self {
            Self::Success => {
                span.status = SpanStatus::Ok;
                ("success", None)
            }
            Self::Refused(error_type) => {
                span.set("error.type", error_type);
                ("failure", None)
            }
            Self::Failed(error_type) => ("failure", Some((error_type, "it did not succeed"))),
            Self::TimedOut => ("timed_out", Some(("timeout", "it ran out of time"))),
            Self::Cancelled => (
                "cancelled",
                Some(("cancelled", "nobody waited for its end")),
            ),
            Self::Panicked => ("panicked", Some(("panic", "its code panicked"))),
        };
        span.set("outcome", outcome);
        if let Some((error_type, message)) = failed {
            span.fail(error_type, message);
        }
    }
}

impl From<Ending> for SpanEnd {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Panicked => Self::Panicked,
            Ending::Outcome(outcome) => outcome.into(),
        }
    }
}

impl From<Outcome> for SpanEnd {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Failure(failure) => Self::Failed(failure.error_type.as_str()),
            Outcome::TimedOut => Self::TimedOut,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}

/// Observes a time, and keeps the trace as an example if it is one that will be exported: recorded,
/// or about to be rescued.
#[inline]
pub(super) fn observe(
    histogram: &Histogram,
    elapsed: Duration,
    trace: Option<&TraceContext>,
    rescued: bool,
) {
    let ids = trace.map(TraceContext::ids);
    match ids.filter(|ids| ids.sampled || rescued) {
        None => histogram.observe(elapsed),
        Some(ids) => {
            histogram.observe_with(elapsed, |value| {
                Exemplar::new(ids.trace_id, ids.span_id, value)
            });
        }
    }
}
