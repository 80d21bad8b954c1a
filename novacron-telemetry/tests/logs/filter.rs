//! Which events are lines, and how that changes while the program runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use novacron_telemetry::ErrorKind;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{Memory, SOON, eventually, lines_of, log, memory, object};

fn event() {
    tracing::debug!(target: "hyper::proto", "hyper debug");
    tracing::info!(target: "hyper::proto", "hyper info");
    tracing::debug!(target: "nova::vm", "nova debug");
    tracing::info!(target: "nova::vm", "nova info");
}

fn messages(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| object(line)["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn levels_hold_for_targets() {
    let with = |filter: &str| lines_of(|builder| builder.filter(filter), event).len();
    assert_eq!(with(""), 2, "info is the default");
    assert_eq!(with("DEBUG"), 4);
    assert_eq!(with("warn,nova=debug"), 2);
    assert_eq!(with("hyper=off"), 1);
    assert_eq!(with("off"), 0);
}

#[test]
fn a_reload_takes_effect_at_once_and_is_told() {
    let (logs, memory) = memory(|builder| builder.filter("info"));
    log(&logs, || {
        event();
        logs.reload("error,nova=debug").unwrap();
        event();
    });
    let text = memory.text();
    assert_eq!(
        messages(&text),
        [
            "hyper info",
            "nova info",
            "nova debug",
            "nova info",
            "log filter changed",
        ]
    );
    let audit = object(text.lines().last().unwrap());
    assert_eq!(audit["filter_before"], "info");
    assert_eq!(audit["filter_after"], "error,nova=debug");
}

#[test]
fn garbage_is_refused_and_the_last_good_filter_holds() {
    let (logs, memory) = memory(|builder| builder.filter("nova=debug,off"));
    log(&logs, || {
        for garbage in [
            "loud",
            "nova=",
            "nova=debug,hyper",
            "=debug",
            "[{x}]=info",
            "nova==info",
        ] {
            let error = logs.reload(garbage).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            assert!(logs.reload_for(garbage, SOON).is_err());
        }
        assert_eq!(&*logs.filter(), "nova=debug,off");
        event();
    });
    assert_eq!(messages(&memory.text()), ["nova debug", "nova info"]);
}

#[test]
fn what_holds_for_a_while_goes_back_by_itself_and_both_are_told() {
    let (logs, memory) = memory(|builder| builder.filter("warn"));
    log(&logs, || {
        logs.reload_for("debug", Duration::from_millis(50)).unwrap();
        event();
        eventually("the filter goes back", || &*logs.filter() == "warn");
        // Places are told right after.
        thread::sleep(Duration::from_millis(200));
        event();
    });
    eventually("the return is told", || {
        logs.flush(SOON);
        memory.text().contains("went back")
    });
    let text = memory.text();
    let mut found = messages(&text);
    found.retain(|message| !message.contains("log filter"));
    assert_eq!(found.len(), 4, "{text}");
    let audits: Vec<_> = text
        .lines()
        .map(object)
        .filter(|line| line.contains_key("filter_after"))
        .map(|line| (line["filter_before"].clone(), line["filter_after"].clone()))
        .collect();
    assert_eq!(
        audits,
        [
            ("warn".into(), "debug".into()),
            ("debug".into(), "warn".into())
        ]
    );
}

#[test]
fn other_layers_see_what_the_filter_leaves_out() {
    let (logs, ours) = memory(|builder| builder.filter("error"));
    let theirs = Memory::default();
    let make = {
        let theirs = theirs.clone();
        move || theirs.clone()
    };
    let subscriber = tracing_subscriber::registry()
        .with(
            tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .with_writer(make),
        )
        .with(logs.layer());
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!("job", job_id = "7b1c");
        let _entered = span.enter();
        tracing::info!("for them");
        tracing::error!("for both");
    });
    logs.flush(SOON);
    assert_eq!(theirs.text().lines().count(), 2, "{}", theirs.text());
    assert_eq!(messages(&ours.text()), ["for both"]);
}

#[test]
fn a_thousand_reloads_under_traffic_lose_and_break_nothing() {
    let (logs, memory) = memory(|builder| builder.filter("info"));
    let stop = AtomicBool::new(false);
    log(&logs, || {
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    tracing::dispatcher::with_default(&dispatch, || {
                        while !stop.load(Ordering::Relaxed) {
                            tracing::error!(target: "nova::always", "always");
                            tracing::debug!(target: "nova::vm", "sometimes");
                        }
                    });
                });
            }
            for round in 0..1_000 {
                logs.reload(if round % 2 == 0 { "debug" } else { "info" })
                    .unwrap();
            }
            stop.store(true, Ordering::Relaxed);
        });
    });
    let counts = logs.counts();
    assert_eq!(counts.emitted, counts.written);
    assert_eq!(memory.text().lines().count() as u64, counts.written);
    assert_eq!(memory.text().matches("log filter changed").count(), 1_000);
}
