//! Spans of hosts, by a subscriber of theirs.

use std::sync::Mutex;

use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::Registry;
use crate::catalog::Catalog;
use crate::context::{FinishedSpan, SamplingRates, SpanSink, Tracer};
use crate::record::Settings;
use crate::registry::Groups;

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<FinishedSpan>>);

impl SpanSink for Kept {
    fn take(&self, span: FinishedSpan) {
        self.0.lock().unwrap().push(span);
    }
}

/// Runs something whose spans are all recorded, and says how many were and how many lost.
fn recorded(work: impl FnOnce()) -> (usize, f64) {
    let (registry, kept) = (Registry::new(), Arc::new(Kept::default()));
    let catalog = Catalog::register(&registry, Groups::ALL).unwrap();
    let rates = SamplingRates {
        default: 1.0,
        ..SamplingRates::default()
    };
    let tracer = Tracer::new(&rates, kept.clone(), &catalog.exporter).unwrap();
    let layer = TraceLayer::new(Recorder::traced(catalog, Settings::default(), tracer));
    let subscriber =
        tracing_subscriber::registry().with(layer.with_filter(TraceFilter::new(Level::TRACE)));
    tracing::subscriber::with_default(subscriber, work);
    let lost = registry.snapshot();
    let lost = lost.sum("novacron_telemetry_dropped_total", &[("signal", "traces")]);
    (kept.0.lock().unwrap().len(), lost)
}

#[test]
fn what_the_exporter_does_is_not_traced() {
    let count = || drop(info_span!("call").entered());
    assert_eq!(recorded(count).0, 1);
    let quiet = || {
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let thread = std::thread::spawn(move || {
            quiet::mark();
            tracing::dispatcher::with_default(&dispatch, count);
        });
        thread.join().unwrap();
    };
    assert_eq!(recorded(quiet), (0, 0.0));
}

#[test]
fn spans_that_are_never_closed_are_bounded() {
    const MORE: usize = 1_000;
    let mut open = Vec::new();
    let (_, lost) = recorded(|| {
        open.extend((0..OPEN_AT_MOST + MORE).map(|_| info_span!("open")));
        // There is room again when some are closed.
        open.truncate(OPEN_AT_MOST - 1);
        open.push(info_span!("one more"));
    });
    assert_eq!(lost, MORE as f64);
}

#[test]
fn spans_that_are_left_out_of_order_leave_nothing_behind() {
    recorded(|| {
        let (outer, inner) = (info_span!("outer"), info_span!("inner"));
        let (left, right) = (outer.enter(), inner.enter());
        drop(left);
        drop(right);
    });
    assert_eq!(current_context(), None);
}
