//! Begins and ends spans. What a span says about itself is asked for at its end, and only if it is
//! exported: a span that is not costs a few comparisons and allocates nothing.

use std::fmt;
use std::sync::Arc;

use super::class::{Class, SamplingRates};
use super::clock::Moment;
use super::finished::{FinishedSpan, Rescue};
use super::ids::{TraceIds, new_span_id, new_trace_id};
use super::propagate::{Origin, TraceContext};
use super::sampler::Sampler;
use crate::catalog::ExporterMetrics;
use crate::catalog::exporter::{
    DropLabels, DropReason, SamplingClass, SamplingDecision, Signal, SpanLabels,
};
use crate::error::Result;
use crate::metric::Counter;

/// Takes spans that are over. It is called on the thread on which the work ended: it must neither
/// wait nor fail.
pub trait SpanSink: fmt::Debug + Send + Sync {
    /// A span is over.
    fn take(&self, span: FinishedSpan);
}

/// Decides which traces are recorded, and hands their spans on. Cheap to clone.
///
/// The default one is off: nothing is recorded, and ids that come in go out again as they are.
///
/// ```
/// use std::sync::Arc;
/// use novacron_telemetry::catalog::ExporterMetrics;
/// use novacron_telemetry::context::{FinishedSpan, SamplingRates, SpanSink, Tracer};
/// use novacron_telemetry::registry::MetricGroup;
///
/// /// Prints what is exported elsewhere.
/// #[derive(Debug)]
/// struct Terminal;
///
/// impl SpanSink for Terminal {
///     fn take(&self, span: FinishedSpan) {
///         println!("{} took {:?}", span.name(), span.duration());
///     }
/// }
///
/// let tracer = Tracer::new(&SamplingRates::default(), Arc::new(Terminal), &ExporterMetrics::noop())?;
/// assert!(tracer.is_on());
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tracer(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    sampler: Sampler,
    sink: Arc<dyn SpanSink>,
    counts: Counts,
}

/// Counters that are held, because looking them up costs more than they do.
#[derive(Debug)]
struct Counts {
    sampled: [Counter; SamplingClass::ALL.len()],
    dropped: [Counter; SamplingClass::ALL.len()],
    limited: Counter,
    #[cfg(feature = "otlp")]
    no_room: Counter,
}

/// A span that was begun. It holds what its [context](TraceContext) does not, and is as good as
/// nothing if the span is not recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    parent_id: u64,
    class: SamplingClass,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing to do at its end.
    Off,
    /// It is exported when it ends.
    Recorded,
    /// The root of a trace that is not kept: exported alone, if it ends badly.
    Watched,
}

impl Span {
    /// No span.
    pub(crate) const OFF: Self = Self {
        parent_id: 0,
        class: SamplingClass::Default,
        mode: Mode::Off,
    };

    /// Whether it is exported if it ends badly, and it has not been decided to export it anyway.
    pub(crate) fn is_watched(self) -> bool {
        self.mode == Mode::Watched
    }

    pub(crate) fn is_recorded(self) -> bool {
        self.mode == Mode::Recorded
    }
}

impl Tracer {
    /// A tracer that keeps traces at these rates, hands their spans to `sink`, and counts them in
    /// `own`.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) if a rate is not between 0 and 1.
    pub fn new(
        rates: &SamplingRates,
        sink: Arc<dyn SpanSink>,
        own: &ExporterMetrics,
    ) -> Result<Self> {
        Ok(Self(Some(Arc::new(Inner {
            sampler: Sampler::new(rates)?,
            sink,
            counts: Counts::new(own),
        }))))
    }

    /// A tracer that records nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Whether it records anything.
    #[must_use]
    #[inline]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a span of work that stands in `context`, and makes that the span's own.
    #[inline]
    pub(crate) fn begin(&self, class: Class, context: &mut Option<TraceContext>) -> Span {
        match &self.0 {
            None => Span::OFF,
            Some(inner) => inner.begin(class, context),
        }
    }

    /// Counts a span for which there is no room.
    #[cfg(feature = "otlp")]
    #[cold]
    pub(crate) fn refused(&self) {
        if let Some(inner) = &self.0 {
            inner.counts.no_room.inc();
        }
    }

    /// Ends a span. `rescue` says what is bad about its end; `describe` is only called if it is
    /// exported.
    #[inline]
    pub(crate) fn end(
        &self,
        span: Span,
        context: Option<&TraceContext>,
        (begun, ended): (Moment, Moment),
        rescue: Option<Rescue>,
        describe: impl FnOnce(&mut FinishedSpan),
    ) {
        let (Some(inner), Some(context)) = (&self.0, context) else {
            return;
        };
        let rescued = match (span.mode, rescue) {
            (Mode::Off, _) => return,
            (Mode::Recorded, _) => None,
            (Mode::Watched, Some(rescue)) => {
                inner.counts.sampled(SamplingClass::Error).inc();
                Some(rescue)
            }
            (Mode::Watched, None) => return inner.counts.dropped(span.class).inc(),
        };
        let mut finished = FinishedSpan::new(context.clone(), span.parent_id, begun, ended);
        describe(&mut finished);
        finished.rescued = rescued;
        inner.sink.take(finished);
    }
}

impl Inner {
    #[inline]
    fn begin(&self, class: Class, context: &mut Option<TraceContext>) -> Span {
        if let Some(around) = context
            && !around.ids.sampled
            && match around.origin {
                Origin::Local => !self.sampler.keeps_all(class),
                Origin::Obeyed => true,
                Origin::Remote => false,
            }
        {
            self.counts.dropped(SamplingClass::Parent).inc();
            return Span::OFF;
        }
        self.decide(class, context)
    }

    fn decide(&self, class: Class, context: &mut Option<TraceContext>) -> Span {
        let around = context.take();
        let (trace_id, random) = match &around {
            Some(around) => (around.ids.trace_id, around.random),
            None => (new_trace_id(), true),
        };
        let kept = || self.sampler.keeps(class, trace_id);
        if class == Class::HealthCheck && !kept() {
            return self.health_check(trace_id, around, context);
        }
        let mut parent_id = around.as_ref().map_or(0, |around| around.ids.span_id);
        let (sampled, origin, label) = match &around {
            None => (kept(), Origin::Local, class.label()),
            Some(TraceContext {
                origin: Origin::Remote,
                ids,
                ..
            }) => {
                if !self.sampler.honours_parents() {
                    (kept(), Origin::Local, class.label())
                } else if ids.sampled && !self.sampler.trusts_one_more() {
                    self.counts.limited.inc();
                    (kept(), Origin::Local, class.label())
                } else {
                    (ids.sampled, Origin::Obeyed, SamplingClass::Parent)
                }
            }
            Some(TraceContext { origin, ids, .. }) if ids.sampled => {
                (true, *origin, SamplingClass::Parent)
            }
            // Of a class that is always kept, inside a trace that is not: the first of the spans of
            // this trace that are exported.
            Some(_) => {
                parent_id = 0;
                (true, Origin::Local, class.label())
            }
        };
        if sampled {
            self.counts.sampled(label).inc();
        }
        *context = Some(TraceContext {
            ids: TraceIds {
                trace_id,
                span_id: new_span_id(),
                sampled,
            },
            random,
            origin,
            state: around.and_then(|around| around.state),
        });
        Span {
            parent_id,
            class: label,
            mode: if sampled {
                Mode::Recorded
            } else {
                Mode::Watched
            },
        }
    }

    /// Not recorded whatever its parent says, and nothing inside it is.
    #[cold]
    fn health_check(
        &self,
        trace_id: u128,
        around: Option<TraceContext>,
        context: &mut Option<TraceContext>,
    ) -> Span {
        self.counts.dropped(SamplingClass::HealthCheck).inc();
        let span_id = around
            .as_ref()
            .map_or_else(new_span_id, |around| around.ids.span_id);
        *context = Some(TraceContext {
            ids: TraceIds {
                trace_id,
                span_id,
                sampled: false,
            },
            random: around.as_ref().is_none_or(|around| around.random),
            origin: Origin::Obeyed,
            state: around.and_then(|around| around.state),
        });
        Span::OFF
    }
}

impl Counts {
    fn new(own: &ExporterMetrics) -> Self {
        let by_class = |decision| {
            std::array::from_fn(|class| {
                own.traces_spans_total.with(&SpanLabels {
                    decision,
                    sampling_class: SamplingClass::ALL[class],
                })
            })
        };
        let lost = |reason| {
            let signal = Signal::Traces;
            own.telemetry_dropped_total
                .with(&DropLabels { signal, reason })
        };
        Self {
            sampled: by_class(SamplingDecision::Sampled),
            dropped: by_class(SamplingDecision::Dropped),
            limited: lost(DropReason::RateLimited),
            #[cfg(feature = "otlp")]
            no_room: lost(DropReason::QueueFull),
        }
    }

    #[inline]
    fn sampled(&self, class: SamplingClass) -> &Counter {
        &self.sampled[class as usize]
    }

    #[inline]
    fn dropped(&self, class: SamplingClass) -> &Counter {
        &self.dropped[class as usize]
    }
}
