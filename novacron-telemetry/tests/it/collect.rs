//! Collectors that work, fail, hang, panic and come back, beside one that always works.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};
use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::{Collected, Gauge};
use novacron_telemetry::registry::{MetricGroup, Snapshot};
use novacron_telemetry::{ErrorKind, Telemetry};

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "acme", writer = Collector("scripted"))]
struct Metrics {
    /// What was read of each target.
    value: Collected<TargetLabels, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct TargetLabels {
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 16)]
struct Target(String);

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "acme_other", writer = Collector("steady"))]
struct OtherMetrics {
    /// How often it was read.
    readings: Gauge,
}

type Values = Vec<(&'static str, f64)>;
type Step = Box<dyn FnOnce(&mut Run) -> Result<Values, CollectError> + Send>;

/// Does one step after the other, and then says again that there is nothing new.
struct Scripted {
    steps: VecDeque<Step>,
    last: Values,
}

impl Collector for Scripted {
    type Metrics = Metrics;
    type Reading = Values;
    const NAME: &'static str = "scripted";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_millis(100))
        .deadline(Duration::from_millis(100))
        .stale_after(Duration::from_millis(600));

    fn read(&mut self, run: &mut Run) -> Result<Values, CollectError> {
        if let Some(step) = self.steps.pop_front() {
            self.last = step(run)?;
        }
        Ok(self.last.clone())
    }

    fn publish(reading: &Values, metrics: &Metrics) {
        assert!(reading.iter().all(|(_, value)| *value >= 0.0), "unlucky");
        let series = reading
            .iter()
            .map(|(target, value)| (TargetLabelsRef { target }, *value));
        metrics.value.replace_all(series);
    }
}

/// Counts its readings.
#[derive(Default)]
struct Steady(u32);

impl Collector for Steady {
    type Metrics = OtherMetrics;
    type Reading = Option<u32>;
    const NAME: &'static str = "steady";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_millis(100));

    fn read(&mut self, _: &mut Run) -> Result<Option<u32>, CollectError> {
        self.0 += 1;
        Ok(Some(self.0))
    }

    fn publish(readings: &Option<u32>, metrics: &OtherMetrics) {
        match readings {
            Some(readings) => metrics.readings.set(f64::from(*readings)),
            None => metrics.readings.clear(),
        }
    }
}

fn telemetry() -> Telemetry {
    Telemetry::builder("agent", "1.0.0").build().unwrap()
}

fn scripted(steps: impl IntoIterator<Item = Step>) -> Scripted {
    Scripted {
        steps: steps.into_iter().collect(),
        last: Vec::new(),
    }
}

fn step(step: impl FnOnce(&mut Run) -> Result<Values, CollectError> + Send + 'static) -> Step {
    Box::new(step)
}

fn fine(value: f64) -> Step {
    step(move |_| Ok(vec![("x", value)]))
}

/// A step that hangs until it is told to go on.
fn hanging() -> (Step, Sender<()>) {
    let (go_on, told): (_, Receiver<()>) = mpsc::channel();
    let step = step(move |_| {
        told.recv().unwrap();
        Ok(vec![("x", 666.0)])
    });
    (step, go_on)
}

/// Waits until a scrape shows what is asked for.
fn wait(telemetry: &Telemetry, what: &str, shows: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let begun = Instant::now();
    loop {
        let snapshot = telemetry.registry().snapshot();
        if shows(&snapshot) {
            return snapshot;
        }
        let text = || telemetry.render();
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "never: {what}\n{}",
            text()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

const SCRIPTED: (&str, &str) = ("collector", "scripted");

fn value(snapshot: &Snapshot) -> Option<f64> {
    snapshot.value("acme_value", &[("target", "x")])
}

fn success(snapshot: &Snapshot) -> Option<f64> {
    snapshot.value("novacron_collector_success", &[SCRIPTED])
}

fn is(snapshot: &Snapshot, state: &str) -> bool {
    snapshot
        .find("novacron_collector_state", &[SCRIPTED, ("state", state)])
        .is_some()
}

fn runs(snapshot: &Snapshot, result: &str) -> f64 {
    let labels = [SCRIPTED, ("result", result)];
    snapshot
        .value("novacron_collector_runs_total", &labels)
        .unwrap_or(0.0)
}

#[test]
fn what_was_read_is_shown_with_its_success_its_time_and_its_age() {
    let telemetry = telemetry();
    telemetry.collect(scripted([fine(7.0)])).unwrap();
    let shown = wait(&telemetry, "a value", |shown| is(shown, "ok"));
    assert_eq!(value(&shown), Some(7.0));
    assert_eq!(success(&shown), Some(1.0));
    assert_eq!(
        shown.value("novacron_collector_enabled", &[SCRIPTED]),
        Some(1.0)
    );
    assert_eq!(
        shown.value("novacron_collector_targets_skipped", &[SCRIPTED]),
        Some(0.0)
    );
    let text = telemetry.render();
    for line in [
        "novacron_collector_duration_seconds_count{collector=\"scripted\"}",
        "novacron_collector_last_success_timestamp_seconds{collector=\"scripted\"}",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn after_a_failure_the_last_good_values_stay_until_they_are_too_old() {
    let failures = (0..30).map(|_| step(|_| Err(CollectError::failed("broken"))));
    let telemetry = telemetry();
    telemetry
        .collect(scripted([fine(7.0)].into_iter().chain(failures)))
        .unwrap();
    let shown = wait(&telemetry, "a failure", |shown| is(shown, "failed"));
    assert_eq!((value(&shown), success(&shown)), (Some(7.0), Some(0.0)));
    let shown = wait(&telemetry, "the value goes", |shown| value(shown).is_none());
    assert!(is(&shown, "failed"));
    wait(&telemetry, "it comes back", |shown| {
        value(shown) == Some(7.0) && is(shown, "ok")
    });
}

#[test]
fn what_hangs_is_not_started_twice_holds_nobody_up_and_heals() {
    let (hang, go_on) = hanging();
    let telemetry = telemetry();
    telemetry
        .collect(scripted([fine(7.0), hang, fine(8.0)]))
        .unwrap();
    telemetry.collect(Steady::default()).unwrap();
    let shown = wait(&telemetry, "it is stuck", |shown| is(shown, "stuck"));
    assert_eq!((value(&shown), success(&shown)), (Some(7.0), Some(0.0)));
    assert_eq!(runs(&shown, "timed_out"), 1.0);
    assert_eq!(
        shown.value("novacron_collector_timeouts_total", &[SCRIPTED]),
        Some(1.0)
    );

    let steady = shown.value("acme_other_readings", &[]).unwrap_or(0.0);
    wait(&telemetry, "the other one goes on", |shown| {
        shown.value("acme_other_readings", &[]) > Some(steady + 5.0)
    });
    let shown = wait(&telemetry, "too old", |shown| value(shown).is_none());
    let stuck = shown.value("novacron_collector_stuck_seconds", &[SCRIPTED]);
    assert!(stuck.is_some(), "{}", telemetry.render());
    assert_eq!(runs(&shown, "timed_out"), 1.0, "it was not started again");

    go_on.send(()).unwrap();
    let shown = wait(&telemetry, "it heals", |shown| is(shown, "ok"));
    assert_eq!(
        value(&shown),
        Some(8.0),
        "and what came too late is not shown"
    );
    assert!(runs(&shown, "skipped") >= 1.0);
    assert_eq!(
        shown.value("novacron_collector_stuck_seconds", &[SCRIPTED]),
        None
    );
}

#[test]
fn one_that_panics_again_and_again_is_switched_off_and_alone() {
    let panics = (0..9).map(|_| step(|_| panic!("on purpose")));
    let telemetry = telemetry();
    telemetry.collect(Steady::default()).unwrap();
    telemetry.collect(scripted(panics)).unwrap();
    let shown = wait(&telemetry, "it is switched off", |shown| {
        is(shown, "disabled")
    });
    assert_eq!(runs(&shown, "panicked"), 5.0);
    assert_eq!(
        shown.value("novacron_collector_enabled", &[SCRIPTED]),
        Some(0.0)
    );
    let steady = shown.value("acme_other_readings", &[]);
    wait(&telemetry, "the other one goes on", |shown| {
        shown.value("acme_other_readings", &[]) > steady
    });
}

#[test]
fn a_panic_while_publishing_is_one_of_the_collector() {
    let telemetry = telemetry();
    telemetry
        .collect(scripted([fine(7.0), fine(-1.0), fine(8.0)]))
        .unwrap();
    wait(&telemetry, "it goes on", |shown| {
        value(shown) == Some(8.0) && is(shown, "ok")
    });
    assert_eq!(runs(&telemetry.registry().snapshot(), "panicked"), 1.0);
}

#[test]
fn where_there_is_nothing_there_is_neither_success_nor_failure() {
    for (error, state) in [
        (CollectError::absent("no such device"), "absent"),
        (CollectError::denied("only for root"), "denied"),
    ] {
        let telemetry = telemetry();
        telemetry
            .collect(scripted([step(move |_| Err(error)), fine(7.0)]))
            .unwrap();
        let shown = wait(&telemetry, state, |shown| {
            is(shown, state) || is(shown, "ok")
        });
        if is(&shown, state) {
            assert_eq!((value(&shown), success(&shown)), (None, None));
        }
        wait(&telemetry, "it is looked for again", |shown| {
            value(shown) == Some(7.0)
        });
    }
}

#[test]
fn a_run_that_left_something_out_is_partial() {
    let telemetry = telemetry();
    let left_out = step(|run| {
        run.skip("/mnt/nfs", "it does not answer");
        Ok(vec![("x", 7.0)])
    });
    let (hang, _go_on) = hanging();
    telemetry.collect(scripted([left_out, hang])).unwrap();
    let shown = wait(&telemetry, "a value", |shown| value(shown).is_some());
    assert_eq!(success(&shown), Some(1.0));
    assert_eq!(
        shown.value("novacron_collector_targets_skipped", &[SCRIPTED]),
        Some(1.0)
    );
    assert_eq!(runs(&shown, "partial"), 1.0);
}

#[test]
fn a_run_may_have_something_to_show_and_fail_nevertheless() {
    let telemetry = telemetry();
    let failed = step(|run| {
        run.skip("another", "it was not even asked");
        run.fail(CollectError::timed_out("the daemon does not answer"));
        Ok(vec![("x", 7.0)])
    });
    let (hang, go_on) = hanging();
    telemetry
        .collect(scripted([failed, hang, fine(8.0)]))
        .unwrap();
    let shown = wait(&telemetry, "a value", |shown| value(shown).is_some());
    assert_eq!((value(&shown), success(&shown)), (Some(7.0), Some(0.0)));
    assert!(is(&shown, "timed_out") || is(&shown, "stuck"));
    assert_eq!((runs(&shown, "partial"), runs(&shown, "ok")), (0.0, 0.0));
    assert!(runs(&shown, "timed_out") >= 1.0);
    go_on.send(()).unwrap();
    wait(&telemetry, "it heals", |shown| {
        value(shown) == Some(8.0) && success(shown) == Some(1.0)
    });
}

#[test]
fn one_that_asks_for_it_runs_again_sooner() {
    let telemetry = telemetry();
    let sooner = step(|run| {
        run.again_in(Duration::from_millis(1));
        Ok(vec![("x", 1.0)])
    });
    let rarely = Schedule::every(Duration::from_secs(3600));
    telemetry
        .collect_with(scripted([sooner, fine(2.0)]), rarely)
        .unwrap();
    wait(&telemetry, "the second reading", |shown| {
        value(shown) == Some(2.0)
    });
}

#[test]
fn one_that_is_ended_takes_its_series_along_and_may_come_back() {
    let telemetry = telemetry();
    telemetry.collect(scripted([fine(7.0)])).unwrap();
    wait(&telemetry, "a value", |shown| value(shown).is_some());
    let twice = telemetry.collect(scripted([])).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::InvalidConfig);
    assert!(
        twice.to_string().contains("`scripted` is there already"),
        "{twice}"
    );

    assert!(telemetry.stop_collecting("scripted"));
    assert!(!telemetry.stop_collecting("scripted"));
    let shown = wait(&telemetry, "the series go", |shown| value(shown).is_none());
    assert_eq!(success(&shown), None);
    assert_eq!(
        shown.value("novacron_collector_enabled", &[SCRIPTED]),
        Some(0.0)
    );
    telemetry.collect(scripted([fine(8.0)])).unwrap();
    wait(&telemetry, "a new one", |shown| value(shown) == Some(8.0));
}

#[test]
fn one_that_hangs_can_be_ended_but_not_doubled() {
    let (hang, go_on) = hanging();
    let telemetry = telemetry();
    telemetry.collect(scripted([hang])).unwrap();
    wait(&telemetry, "it is stuck", |shown| is(shown, "stuck"));
    assert!(telemetry.stop_collecting("scripted"));
    let error = telemetry.collect(scripted([fine(1.0)])).unwrap_err();
    assert!(error.to_string().contains("has not come back"), "{error}");
    go_on.send(()).unwrap();
    let begun = Instant::now();
    while telemetry.collect(scripted([fine(1.0)])).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    wait(&telemetry, "the new one", |shown| value(shown) == Some(1.0));
}

#[test]
fn shutdown_waits_for_no_collector_that_hangs_and_says_so() {
    let (hang, go_on) = hanging();
    let telemetry = telemetry();
    telemetry.collect(scripted([fine(7.0), hang])).unwrap();
    telemetry.collect(Steady::default()).unwrap();
    wait(&telemetry, "it is stuck", |shown| is(shown, "stuck"));
    let begun = Instant::now();
    let flushed = telemetry.shutdown_blocking(Duration::from_secs(4)).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(flushed.collectors_stuck, 1);
    assert_eq!(
        telemetry
            .shutdown_blocking(Duration::from_secs(4))
            .unwrap()
            .collectors_stuck,
        0
    );
    go_on.send(()).unwrap();
}

#[test]
fn dropping_the_telemetry_ends_its_collectors() {
    struct Told(Sender<()>);
    impl Drop for Told {
        fn drop(&mut self) {
            // Nobody listens if the test has failed already.
            let _ = self.0.send(());
        }
    }
    let (told, heard) = mpsc::channel();
    let told = Arc::new(Mutex::new(Told(told)));
    let telemetry = telemetry();
    let theirs = Arc::clone(&told);
    // Its own step is the last that holds it: it goes with the collector.
    let steps = (0..1000).map(move |_| {
        let told = Arc::clone(&theirs);
        step(move |_| {
            drop(told.lock());
            Ok(Vec::new())
        })
    });
    telemetry.collect(scripted(steps)).unwrap();
    drop(told);
    drop(telemetry);
    heard.recv_timeout(Duration::from_secs(20)).unwrap();
}

/// As dashboards that were made for other exporters ask.
#[cfg(feature = "http")]
#[test]
fn a_scrape_may_ask_for_the_families_of_some_collectors() {
    use http_body_util::BodyExt;

    let telemetry = telemetry();
    telemetry.collect(scripted([fine(7.0)])).unwrap();
    telemetry.collect(Steady::default()).unwrap();
    wait(&telemetry, "both", |shown| {
        value(shown).is_some() && shown.value("acme_other_readings", &[]).is_some()
    });
    for (query, scripted, steady, others) in [
        ("", true, true, true),
        ("?collect[]=scripted", true, false, false),
        (
            "?collect%5B%5D=scripted&collect[]=steady",
            true,
            true,
            false,
        ),
        ("?exclude[]=scripted", false, true, true),
        (
            "?collect[]=scripted&exclude[]=scripted",
            false,
            false,
            false,
        ),
    ] {
        let request = http::Request::get(format!("/metrics{query}"))
            .body(())
            .unwrap();
        let body = telemetry.metrics_service().answer(&request).into_body();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let text = runtime.block_on(body.collect()).unwrap().to_bytes();
        let text = std::str::from_utf8(&text).unwrap();
        assert_eq!(text.contains("\nacme_value{"), scripted, "{query}");
        assert_eq!(text.contains("\nacme_other_readings "), steady, "{query}");
        assert_eq!(text.contains("\nnovacron_build_info{"), others, "{query}");
    }
}

#[test]
fn a_schedule_that_cannot_be_kept_is_refused() {
    let telemetry = telemetry();
    let error = telemetry.collect_with(Steady::default(), Schedule::every(Duration::ZERO));
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(
        error.to_string().contains("`steady`: `interval`"),
        "{error}"
    );
}

/// Lets a collector do what collectors do, so that everything that is said about them is said. It
/// hangs until what is returned is dropped.
#[cfg(feature = "http")]
pub(crate) fn one_that_hangs(telemetry: &Telemetry) -> Sender<()> {
    let (hang, go_on) = hanging();
    telemetry.collect(scripted([fine(7.0), hang])).unwrap();
    wait(telemetry, "it is stuck", |shown| is(shown, "stuck"));
    go_on
}
