use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::clock::Moment;
use super::*;
use crate::Registry;
use crate::catalog::ExporterMetrics;

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<FinishedSpan>>);

impl SpanSink for Kept {
    fn take(&self, span: FinishedSpan) {
        self.0.lock().unwrap().push(span);
    }
}

struct Probe {
    tracer: Tracer,
    kept: Arc<Kept>,
    registry: Registry,
}

impl Probe {
    fn new(rates: SamplingRates) -> Self {
        let (registry, kept) = (Registry::new(), Arc::new(Kept::default()));
        let own = registry.register::<ExporterMetrics>().unwrap();
        let tracer = Tracer::new(&rates, kept.clone(), &own).unwrap();
        Self {
            tracer,
            kept,
            registry,
        }
    }

    fn none() -> Self {
        Self::new(SamplingRates {
            default: 0.0,
            database: 0.0,
            ..SamplingRates::default()
        })
    }

    fn begin(&self, class: Class, around: Option<&TraceContext>) -> (Span, Option<TraceContext>) {
        let mut context = around.cloned();
        let span = self.tracer.begin(class, &mut context);
        (span, context)
    }

    fn end(&self, (span, context): (Span, Option<TraceContext>), rescue: Option<Rescue>) {
        let now = Moment::now();
        self.tracer
            .end(span, context.as_ref(), (now, now), rescue, |span| {
                span.name = "work".into();
            });
    }

    fn spans(&self) -> Vec<FinishedSpan> {
        std::mem::take(&mut *self.kept.0.lock().unwrap())
    }

    fn counted(&self, decision: &str, class: &str) -> f64 {
        let labels = [("decision", decision), ("sampling_class", class)];
        self.registry
            .snapshot()
            .sum("novacron_traces_spans_total", &labels)
    }
}

fn remote(sampled: bool) -> TraceContext {
    let flags = if sampled { "01" } else { "00" };
    let text = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
    TraceContext::parse(&text, "vendor=1").unwrap()
}

#[test]
fn off_is_off_and_passes_on_what_came_in() {
    let mut context = Some(remote(true));
    let span = Tracer::off().begin(Class::Migration, &mut context);
    assert!(!span.is_recorded());
    assert_eq!(context, Some(remote(true)));
}

#[test]
fn shares_are_those_of_the_table() {
    const ROOTS: u32 = 20_000;
    let probe = Probe::new(SamplingRates::default());
    for class in Class::ALL {
        let kept = (0..ROOTS)
            .filter(|_| probe.begin(class, None).0.is_recorded())
            .count();
        let rate = SamplingRates::default().of(class);
        let expected = f64::from(ROOTS) * rate;
        let allowed = 5.0 * (expected * (1.0 - rate)).sqrt();
        assert!(
            (kept as f64 - expected).abs() <= allowed,
            "{class:?}: {kept}"
        );
        assert_eq!(
            probe.counted("sampled", class.label().as_str()),
            kept as f64
        );
    }
}

#[test]
fn a_parent_elsewhere_has_the_last_word_but_for_health_checks() {
    let probe = Probe::new(SamplingRates {
        default: 0.0,
        ..SamplingRates::default()
    });
    for class in Class::ALL {
        for sampled in [false, true] {
            let (span, context) = probe.begin(class, Some(&remote(sampled)));
            let recorded = sampled && class != Class::HealthCheck;
            assert_eq!(span.is_recorded(), recorded, "{class:?} {sampled}");
            let context = context.unwrap();
            assert_eq!(
                context.ids.sampled, recorded,
                "the next service hears the same"
            );
            assert_eq!(context.ids.trace_id, remote(true).ids.trace_id);
            assert_eq!(context.tracestate(), Some("vendor=1"));
            let (child, _) = probe.begin(Class::Migration, Some(&context));
            assert_eq!(child.is_recorded(), recorded, "so do those inside");
        }
    }
}

#[test]
fn what_is_always_kept_begins_a_trace_inside_one_that_is_not() {
    let probe = Probe::none();
    let (root, context) = probe.begin(Class::Default, None);
    assert!(root.is_watched());
    let (query, _) = probe.begin(Class::Database, context.as_ref());
    assert!(!query.is_recorded() && !query.is_watched());
    let migration = probe.begin(Class::Migration, context.as_ref());
    assert!(migration.0.is_recorded());
    let step = probe.begin(Class::Default, migration.1.as_ref());
    assert!(step.0.is_recorded());
    let trace = context.unwrap().ids.trace_id;
    probe.end(step, None);
    probe.end(migration, None);
    let [step, migration] = &probe.spans()[..] else {
        panic!("two spans")
    };
    assert_eq!(migration.parent_id(), None, "its parent is not exported");
    assert_eq!(step.parent_id(), Some(migration.ids().span_id));
    assert_eq!(
        [step.ids().trace_id, migration.ids().trace_id],
        [trace; 2],
        "the log's id leads here"
    );
}

#[test]
fn roots_that_end_badly_are_rescued_and_only_they() {
    let probe = Probe::none();
    for rescue in [Rescue::Error, Rescue::Slow, Rescue::Cancelled] {
        let root = probe.begin(Class::Default, None);
        let child = probe.begin(Class::Default, root.1.as_ref());
        probe.end(child, Some(rescue));
        probe.end(root, Some(rescue));
        let [span] = &probe.spans()[..] else {
            panic!("the root alone")
        };
        assert_eq!((span.rescued(), span.name()), (Some(rescue), "work"));
    }
    probe.end(probe.begin(Class::Default, None), None);
    assert!(probe.spans().is_empty());
    assert_eq!(probe.counted("sampled", "error"), 3.0);
    assert_eq!(probe.counted("dropped", "default"), 1.0);
    assert_eq!(probe.counted("dropped", "parent"), 3.0);
}

#[test]
fn a_flood_of_sampled_parents_is_limited() {
    let probe = Probe::new(SamplingRates {
        default: 0.0,
        parent_traces_per_second: 10,
        ..SamplingRates::default()
    });
    let begun = Moment::now();
    let kept = (0..5_000)
        .filter(|_| {
            probe
                .begin(Class::Default, Some(&remote(true)))
                .0
                .is_recorded()
        })
        .count();
    let seconds = Moment::now()
        .since(begun)
        .max(Duration::from_millis(1))
        .as_secs_f64();
    assert!(
        kept >= 10 && kept as f64 <= 11.0 + 10.0 * seconds,
        "{kept} in {seconds} s"
    );
    let limited = probe.registry.snapshot().sum(
        "novacron_telemetry_dropped_total",
        &[("reason", "rate_limited")],
    );
    assert_eq!(limited, (5_000 - kept) as f64);
}

#[test]
fn one_id_gets_one_answer() {
    let rates = SamplingRates {
        honour_parent: false,
        default: 0.5,
        ..SamplingRates::default()
    };
    let (here, there) = (Probe::new(rates), Probe::new(rates));
    for _ in 0..1_000 {
        let mut context = remote(true);
        context.ids.trace_id = ids::new_trace_id();
        let answers = [&here, &there]
            .map(|probe| probe.begin(Class::Default, Some(&context)).0.is_recorded());
        assert_eq!(answers[0], answers[1]);
    }
}
