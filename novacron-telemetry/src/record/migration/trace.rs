//! A migration as a trace: one span for all of it, and one inside it for each phase.

use super::pairs::Pair;
use crate::catalog::dwcp::DwcpMode;
use crate::catalog::migration::MigrationPhase;
use crate::context::{Class, Span, TraceContext};
use crate::record::clock::Moment;
use crate::record::span::SpanEnd;
use crate::record::{Recorder, current};

/// The span of a migration that goes on.
#[derive(Clone, Debug)]
pub(super) struct MigrationTrace {
    span: Span,
    context: Option<TraceContext>,
}

impl MigrationTrace {
    /// Opens the span, in the trace that the work at hand stands in. Without traces, that one is
    /// handed on as it came.
    pub(super) fn begin(recorder: &Recorder) -> Option<Box<Self>> {
        let mut context = current::with(|frame| frame.trace.clone()).flatten();
        let span = match recorder.tracer().is_on() {
            true => recorder.tracer().begin(Class::Migration, &mut context),
            false => Span::OFF,
        };
        context.is_some().then(|| Box::new(Self { span, context }))
    }

    pub(super) fn context(&self) -> Option<TraceContext> {
        self.context.clone()
    }

    /// A phase is over.
    pub(super) fn phase(
        &self,
        recorder: &Recorder,
        phase: MigrationPhase,
        times: (Moment, Moment),
        end: SpanEnd,
    ) {
        if !self.span.is_recorded() {
            return;
        }
        let mut context = self.context.clone();
        let span = recorder.tracer().begin(Class::Default, &mut context);
        let rescue = end.rescue(false);
        recorder
            .tracer()
            .end(span, context.as_ref(), times, rescue, |span| {
                span.name = phase.as_str().into();
                end.tell(span);
            });
    }

    /// The migration is over.
    pub(super) fn finish(
        &self,
        recorder: &Recorder,
        pair: Option<&Pair>,
        mode: Option<DwcpMode>,
        times: (Moment, Moment),
        end: SpanEnd,
    ) {
        let context = self.context.as_ref();
        let rescue = end.rescue(false);
        recorder
            .tracer()
            .end(self.span, context, times, rescue, |span| {
                span.name = "dwcp_migration".into();
                if let Some([source, destination]) = pair.map(Pair::nodes) {
                    span.set("source.node", source.to_owned());
                    span.set("dest.node", destination.to_owned());
                }
                if let Some(mode) = mode {
                    span.set("network.mode", mode.as_str());
                }
                end.tell(span);
            });
    }
}
