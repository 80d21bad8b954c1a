//! The spans of verbs, guards and layers: what they have in common at their end.

use std::time::Duration;

use super::clock::Moment;
use super::guard::Ending;
use super::run::Run;
use super::verdict::Verdict;
use super::{Failure, Outcome, Recorder, current};
use crate::context::{Class, FinishedSpan, Rescue, Span, SpanStatus, TraceContext};
use crate::metric::Histogram;
use crate::metric::exemplar::Exemplar;

/// How work ended, to a span: as asked, or not and for this class of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanEnd {
    /// As asked.
    Success,
    /// The caller asked for what it cannot have: no failure of the work.
    Refused(&'static str),
    /// Not as asked.
    Failed(&'static str),
    /// Out of time.
    TimedOut,
    /// Nobody waited for its end.
    Cancelled,
    /// It unwound.
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
            Outcome::Failure(failure) if failure == Failure::PANICKED => Self::Panicked,
            Outcome::Failure(failure) => Self::Failed(failure.error_type.as_str()),
            Outcome::TimedOut => Self::TimedOut,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}

/// The span of work, whose context is the work's own.
#[derive(Debug)]
pub(crate) struct Leaf {
    span: Span,
    context: Option<TraceContext>,
}

impl Leaf {
    /// Opens a span inside the work at hand, for a guard that carries no frame: nothing will stand
    /// inside it.
    #[inline]
    pub(crate) fn begin(recorder: &Recorder, class: impl FnOnce() -> Class) -> Self {
        if !recorder.tracer().is_on() {
            return Self {
                span: Span::OFF,
                context: None,
            };
        }
        let mut context = current::current_context();
        let span = recorder.tracer().begin(class(), &mut context);
        Self { span, context }
    }

    /// Adds a span inside it, of a step that took so many seconds until now.
    pub(super) fn step(&self, recorder: &Recorder, name: &'static str, seconds: f64) {
        let (false, Ok(took)) = (
            !self.span.is_recorded(),
            Duration::try_from_secs_f64(seconds),
        ) else {
            return;
        };
        let (mut context, now) = (self.context.clone(), Moment::now());
        let span = recorder.tracer().begin(Class::Default, &mut context);
        let times = (now.before(took), now);
        recorder
            .tracer()
            .end(span, context.as_ref(), times, None, |span| {
                span.name = name.into();
            });
    }

    /// Ends it, as [`end_run`] does.
    #[inline]
    pub(crate) fn end<R: Run>(
        &self,
        recorder: &Recorder,
        run: &R,
        begun: Moment,
        verdict: &R::Verdict,
    ) {
        end_run(
            recorder,
            self.span,
            self.context.as_ref(),
            run,
            begun,
            verdict,
        );
    }
}

/// Ends the span of work of one kind, which says what it is if it is exported.
#[inline]
pub(super) fn end_run<R: Run>(
    recorder: &Recorder,
    span: Span,
    context: Option<&TraceContext>,
    run: &R,
    begun: Moment,
    verdict: &R::Verdict,
) {
    if !span.is_recorded() && !span.is_watched() {
        return;
    }
    let now = Moment::now();
    let slow = run
        .slow(recorder)
        .is_some_and(|slow| now.since(begun) > slow);
    let end = verdict.ending();
    let rescue = end.rescue(slow);
    recorder
        .tracer()
        .end(span, context, (begun, now), rescue, |span| {
            run.describe(span);
            end.tell(span);
        });
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
