//! The host's own `tracing` spans, as children of ours and parents of ours.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes as NewSpan, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

use super::quiet;
use crate::context::clock::Moment;
use crate::context::finished::text;
use crate::context::{
    Attributes, Class, Rescue, Span, SpanEvent, SpanKind, SpanStatus, TraceContext, Value,
};
use crate::record::{Recorder, current_context, is_unsampled_here, replace_context};
use crate::sync::{AtomicUsize, Ordering};

/// A layer for the host's own subscriber that records its `tracing` spans.
///
/// A span inside a request becomes a child of the request's span, and what a verb or a guard records
/// inside it becomes its child. Fields are attributes, events are events; `otel.name` and `otel.kind`
/// mean what they mean elsewhere. Use it with its [filter](TraceFilter), which leaves out spans of traces
/// that are not recorded:
///
/// ```
/// use novacron_telemetry::Telemetry;
/// use novacron_telemetry::traces::Traces;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let telemetry = Telemetry::builder("api-server", "1.0.0")
///     .traces(Traces::otlp("http://localhost:4318"))
///     .build()?;
/// let subscriber = tracing_subscriber::registry().with(telemetry.trace_layer());
/// tracing::subscriber::with_default(subscriber, || {
///     let _span = tracing::info_span!("resize", vm = "web-1").entered();
/// });
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone)]
pub struct TraceLayer {
    recorder: Recorder,
    open: Arc<AtomicUsize>,
}

/// Spans that are recorded and never closed would be memory that is never given back.
const OPEN_AT_MOST: usize = 65_536;

/// What is kept of a span until it is closed.
struct Open {
    span: Span,
    context: TraceContext,
    begun: Moment,
    name: Cow<'static, str>,
    kind: SpanKind,
    attributes: Attributes,
    events: Vec<SpanEvent>,
    error: Option<Cow<'static, str>>,
}

thread_local! {
    /// The spans that were entered, and where the work stood before each.
    static ENTERED: RefCell<Vec<(Id, Option<TraceContext>)>> = const { RefCell::new(Vec::new()) };
}

impl TraceLayer {
    /// A layer that records with this recorder, and everything: it has no filter.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            open: Arc::new(AtomicUsize::new(0)),
        }
    }

    fn begin<S>(&self, new: &NewSpan<'_>, context: &Context<'_, S>) -> Option<Open>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut place = if new.is_root() {
            None
        } else if let Some(parent) = new.parent() {
            let parent = context.span(parent)?;
            let parent = parent.extensions();
            parent.get::<Open>().map(|open| open.context.clone())
        } else {
            current_context()
        };
        if self.open.fetch_add(1, Ordering::Relaxed) >= OPEN_AT_MOST {
            self.open.fetch_sub(1, Ordering::Relaxed);
            self.recorder.tracer().refused();
            return None;
        }
        let span = self.recorder.tracer().begin(Class::Default, &mut place);
        let Some(place) = place.filter(|_| span.is_recorded() || span.is_watched()) else {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        let mut open = Open {
            span,
            context: place,
            begun: Moment::now(),
            name: Cow::Borrowed(new.metadata().name()),
            kind: SpanKind::Internal,
            attributes: Attributes::default(),
            events: Vec::new(),
            error: None,
        };
        if span.is_recorded() {
            new.record(&mut Fields::Span(&mut open));
        }
        Some(open)
    }
}

impl<S> Layer<S> for TraceLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, new: &NewSpan<'_>, id: &Id, context: Context<'_, S>) {
        if quiet::is_marked() {
            return;
        }
        if let Some(open) = self.begin(new, &context)
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(open);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
            && open.span.is_recorded()
        {
            values.record(&mut Fields::Span(open));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else {
            return;
        };
        let mut extensions = span.extensions_mut();
        let Some(open) = extensions.get_mut::<Open>() else {
            return;
        };
        let level = *event.metadata().level();
        if level != Level::ERROR && !open.span.is_recorded() {
            return;
        }
        let (mut message, mut attributes) = (None, Attributes::default());
        event.record(&mut Fields::Event(&mut message, &mut attributes));
        let message = message.unwrap_or(Cow::Borrowed(event.metadata().name()));
        let name = if level == Level::ERROR {
            attributes.replace("exception.type", event.metadata().target().into());
            attributes.replace("exception.message", message.clone().into());
            open.error = Some(message);
            Cow::Borrowed("exception")
        } else {
            message
        };
        attributes.push("level", level.as_str().into());
        open.events.push(SpanEvent {
            name,
            at: Moment::now(),
            attributes,
        });
        // The newest are the last to go: they are nearest to the end.
        if open.events.len() > EVENTS {
            open.events.remove(0);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let place = context.span(id).and_then(|span| {
            let extensions = span.extensions();
            extensions.get::<Open>().map(|open| open.context.clone())
        });
        if place.is_some() {
            let before = replace_context(place);
            let _ = ENTERED.try_with(|entered| {
                if let Ok(mut entered) = entered.try_borrow_mut() {
                    entered.push((id.clone(), before));
                }
            });
        }
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let before = ENTERED.try_with(|entered| {
            let mut entered = entered.try_borrow_mut().ok()?;
            let at = entered.iter().rposition(|(known, _)| known == id)?;
            let (_, before) = entered.remove(at);
            // One that is left before those inside it leaves the place to them, and to the first of
            // them where to go back to.
            match entered.get_mut(at) {
                Some((_, inner)) => {
                    *inner = before;
                    None
                }
                None => Some(before),
            }
        });
        if let Ok(Some(before)) = before {
            drop(replace_context(before));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let Some(open) = span.extensions_mut().remove::<Open>() else {
            return;
        };
        self.open.fetch_sub(1, Ordering::Relaxed);
        let now = Moment::now();
        let slow = now.since(open.begun) > self.recorder.settings().slow_request;
        let rescue = match &open.error {
            Some(_) => Some(Rescue::Error),
            None => slow.then_some(Rescue::Slow),
        };
        let Open {
            span,
            context,
            begun,
            ..
        } = &open;
        let (span, context, begun) = (*span, context.clone(), *begun);
        self.recorder
            .tracer()
            .end(span, Some(&context), (begun, now), rescue, |finished| {
                finished.name = open.name;
                finished.kind = open.kind;
                finished.attributes = open.attributes;
                finished.events = open.events;
                finished.status = open.error.map_or(SpanStatus::Unset, SpanStatus::Error);
            });
    }
}

const EVENTS: usize = 32;

/// Reads fields into a span, or into an event whose message is its name.
enum Fields<'a> {
    Span(&'a mut Open),
    Event(&'a mut Option<Cow<'static, str>>, &'a mut Attributes),
}

impl Fields<'_> {
    fn add(&mut self, field: &Field, value: Value) {
        match (self, field.name()) {
            (Self::Span(open), "otel.name") => {
                if let Value::Text(name) = value {
                    open.name = name;
                }
            }
            (Self::Span(open), "otel.kind") => {
                open.kind = value.as_text().map_or(SpanKind::Internal, kind_of);
            }
            (Self::Span(open), name) => open.attributes.replace(name, value),
            (Self::Event(message, _), "message") => {
                if let Value::Text(text) = value {
                    **message = Some(text);
                }
            }
            (Self::Event(_, attributes), name) => attributes.replace(name, value),
        }
    }
}

fn kind_of(text: &str) -> SpanKind {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match () {
        () if is("server") => SpanKind::Server,
        () if is("client") => SpanKind::Client,
        () if is("producer") => SpanKind::Producer,
        () if is("consumer") => SpanKind::Consumer,
        () => SpanKind::Internal,
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.add(field, value.into()),
            Err(_) => self.add(field, text(&value.to_string())),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, text(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::from(format!("{value:?}")));
    }
}

/// Leaves out spans and events that would not be recorded: those inside traces that are not kept,
/// those above a level, and those of the exporter itself.
///
/// As the filter of a [`TraceLayer`] it is for that layer alone; the subscriber still builds the spans,
/// because other layers may want them. As a layer of its own it speaks for all of them: then spans
/// inside traces that are not kept do not exist, which costs a tenth, and log lines of such traces
/// do not have their fields.
///
/// ```
/// use novacron_telemetry::Telemetry;
/// use novacron_telemetry::traces::TraceFilter;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let telemetry = Telemetry::builder("api-server", "1.0.0").build()?;
/// let subscriber = tracing_subscriber::registry()
///     .with(telemetry.trace_layer())
///     .with(TraceFilter::new(tracing::Level::INFO));
/// # drop(subscriber);
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TraceFilter {
    level: Option<Level>,
}

impl TraceFilter {
    /// Spans and events of this level and those that matter more; none at all without a level.
    /// [`Telemetry::trace_layer`] takes `INFO` if traces are on.
    ///
    /// [`Telemetry::trace_layer`]: crate::Telemetry::trace_layer
    #[must_use]
    pub fn new(level: impl Into<Option<Level>>) -> Self {
        Self {
            level: level.into(),
        }
    }
}

impl TraceFilter {
    fn shows(&self, level: &Level) -> bool {
        self.level.is_some_and(|wanted| *level <= wanted)
    }
}

impl<S> Filter<S> for TraceFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        let level = *metadata.level();
        // An error inside the root of a trace that is not kept is a reason to rescue it.
        let wanted = self.shows(&level)
            && (!is_unsampled_here() || metadata.is_event() && level == Level::ERROR);
        wanted && !quiet::is_marked()
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.shows(metadata.level()) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.map_or(LevelFilter::OFF, LevelFilter::from))
    }
}

/// Events pass, for they may be log lines.
impl<S: Subscriber> Layer<S> for TraceFilter {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() {
            Interest::sometimes()
        } else {
            Interest::always()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !metadata.is_span() || (self.shows(metadata.level()) && !is_unsampled_here())
    }
}

impl fmt::Debug for TraceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceLayer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
