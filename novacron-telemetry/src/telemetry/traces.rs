//! Traces, as a part of all of it.

use std::time::Duration;

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Filtered;

use super::Telemetry;
use super::builder::Identity;
use crate::catalog::Catalog;
use crate::error::Result;
use crate::registry::Registry;
use crate::traces::{Exporter, Origin, SpansFlushed, TraceFilter, TraceLayer, Traces};

/// Starts the exporter, and keeps its numbers up to date.
pub(super) fn start(
    traces: &Traces,
    identity: &Identity,
    registry: &Registry,
    catalog: &Catalog,
) -> Result<Exporter> {
    let origin = Origin {
        component: &identity.component,
        version: &identity.version,
    };
    let exporter = Exporter::start(traces, origin, &catalog.exporter)?;
    let (waiting, length) = (
        exporter.waiting(),
        catalog.exporter.traces_queue_length.clone(),
    );
    registry.before_scrape(move || length.set(waiting() as f64));
    Ok(exporter)
}

impl Telemetry {
    /// A layer for the host's own subscriber, which makes its `tracing` spans part of the traces.
    /// See [`TraceLayer`]. Spans and events below `INFO` are left out, and none is recorded if traces
    /// are off.
    #[must_use]
    pub fn trace_layer<S>(&self) -> Filtered<TraceLayer, TraceFilter, S>
    where
        S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    {
        let on = self.0.recorder.tracer().is_on();
        let filter = TraceFilter::new(on.then_some(tracing::Level::INFO));
        TraceLayer::new(self.0.recorder.clone()).with_filter(filter)
    }

    /// Sends the spans that wait, and says what became of them. It blocks until they are gone or the
    /// deadline has passed; where a collector runs on the same thread, that is until the deadline.
    pub fn flush_traces(&self, deadline: Duration) -> SpansFlushed {
        match &self.0.exporter {
            Some(exporter) => exporter.flush(deadline),
            None => SpansFlushed::default(),
        }
    }

    /// The last flush: spans that end later are lost, and so are those that the collector has not
    /// taken when the deadline has passed.
    pub(super) fn shut_traces_down(&self, deadline: Duration) -> SpansFlushed {
        match &self.0.exporter {
            Some(exporter) => exporter.shutdown(deadline),
            None => SpansFlushed::default(),
        }
    }
}
