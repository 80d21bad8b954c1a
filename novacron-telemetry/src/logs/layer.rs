//! The layer: from an event to a line in the queue.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::Owner;
use super::count::rank;
use super::fields::{Collect, Fields};
use super::limit::Verdict;
use super::line::{Head, Place};
use super::stamp::Stamps;
use crate::record::current_trace;

/// Turns events into lines. Made by [`Logs::layer`](super::Logs::layer).
#[derive(Clone)]
pub struct LogLayer(pub(super) Arc<Owner>);

/// What a line is made in. Each thread has one, so that a line allocates nothing once it has its
/// size.
#[derive(Debug, Default)]
struct Workshop {
    fields: Fields,
    line: String,
    stamps: Stamps,
    thread: String,
}

thread_local! {
    static WORKSHOP: RefCell<Workshop> = RefCell::default();
}

/// What a span said, kept with it.
struct SpanFields(Fields);

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        self.0.shared.filter.asked_by(subscriber.downgrade());
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        let mut fields = Fields::default();
        attributes.record(&mut Collect::span(&mut fields));
        span.extensions_mut().replace(SpanFields(fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        // Before the span is locked: what is recorded is written by somebody else's code.
        let mut fields = Fields::default();
        values.record(&mut Collect::span(&mut fields));
        let mut extensions = span.extensions_mut();
        if let Some(SpanFields(before)) = extensions.get_mut() {
            fields.add(before);
        }
        extensions.replace(SpanFields(fields));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let shared = &self.0.shared;
        let now = SystemTime::now();
        match shared.limiter.judge(event, now) {
            Verdict::Write => {}
            Verdict::Suppress => return,
            Verdict::SuppressFirst => return shared.queue.order(|orders| orders.news = true),
        }
        let scope = context.event_scope(event);
        let spans = scope.into_iter().flatten();
        let mut spans = Some(spans);
        let mut make = |workshop: &mut Workshop| {
            if let Some(spans) = spans.take() {
                self.write(workshop, event, spans, now);
            }
        };
        // A value that logs while it is written finds the workshop taken, and a thread that ends
        // has none any more.
        let made = WORKSHOP.try_with(|workshop| match workshop.try_borrow_mut() {
            Ok(mut workshop) => make(&mut workshop),
            Err(_) => make(&mut Workshop::default()),
        });
        if made.is_err() {
            make(&mut Workshop::default());
        }
    }
}

impl LogLayer {
    fn write<'a, R: LookupSpan<'a> + 'a>(
        &self,
        workshop: &mut Workshop,
        event: &Event<'_>,
        spans: impl Iterator<Item = SpanRef<'a, R>>,
        now: SystemTime,
    ) {
        let shared = &self.0.shared;
        let metadata = event.metadata();
        let Workshop {
            fields,
            line,
            stamps,
            thread,
        } = workshop;
        fields.clear();
        line.clear();
        event.record(&mut Collect::event(fields, metadata.target()));
        // From the inside out: the nearest says it best.
        for span in spans {
            if let Some(SpanFields(around)) = span.extensions().get() {
                fields.add(around);
            }
        }
        if thread.is_empty() {
            name_thread(thread);
        }
        let target = fields.target().unwrap_or(metadata.target());
        let head = Head {
            stamp: stamps.at(now),
            level: *metadata.level(),
            service: &shared.service,
            component: shared.component.as_deref(),
            target,
            thread: Some(thread),
            place: shared.places.then(|| Place {
                file: metadata.file(),
                line: metadata.line(),
            }),
            trace: current_trace(),
        };
        shared.begin(head.level, line);
        head.write(shared.format, fields, line);
        line.push('\n');
        shared.queue.push(line.as_bytes(), rank(head.level));
        line.shrink_to(KEPT);
    }
}

/// The name of the calling thread, else its number.
fn name_thread(name: &mut String) {
    use std::fmt::Write as _;
    let thread = std::thread::current();
    match thread.name() {
        Some(known) => name.push_str(known),
        None => {
            let _ = write!(name, "{:?}", thread.id());
        }
    }
}

/// What a thread keeps of a line's room.
const KEPT: usize = 32 * 1024;

impl fmt::Debug for LogLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLayer").finish_non_exhaustive()
    }
}
