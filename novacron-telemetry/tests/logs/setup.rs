//! Setting up: environment, errors, and a host that has a subscriber already.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use novacron_telemetry::ErrorKind;
use novacron_telemetry::logs::{LogFormat, Logs, LogsBuilder};

use tracing_subscriber::layer::SubscriberExt;

use crate::support::{LogsItself, Memory, SOON, lines_of, object, quiet};

fn from(environment: &[(&str, &str)]) -> Result<LogsBuilder, novacron_telemetry::Error> {
    let environment: BTreeMap<_, _> = environment.iter().copied().collect();
    Logs::builder("api-server")
        .from_lookup(|name| environment.get(name).map(|&value| value.to_owned()))
}

#[test]
fn a_variable_that_cannot_be_used_is_named() {
    for (name, value, word) in [
        ("LOG_LEVEL", "info,hyper=loud", "hyper=loud"),
        ("LOG_LEVEL", "verbose", "verbose"),
        ("LOG_FORMAT", "xml", "xml"),
    ] {
        let error = from(&[(name, value)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let text = error.to_string();
        assert!(text.starts_with(name) && text.contains(word), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}

#[test]
fn the_environment_chooses_level_and_layout() {
    let lines = |environment: &[(&str, &str)]| {
        let environment: BTreeMap<String, String> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        lines_of(
            |builder| {
                builder
                    .from_lookup(|name| environment.get(name).cloned())
                    .unwrap()
            },
            || tracing::debug!("said"),
        )
    };
    assert!(lines(&[("LOG_LEVEL", "INFO")]).is_empty());
    assert!(lines(&[("LOG_LEVEL", "DEBUG")])[0].starts_with('{'));
    let text = &lines(&[("LOG_FORMAT", "text")])[0];
    assert!(text.ends_with("[DEBUG] api-server: said"), "{text}");
    for format in LogFormat::ALL {
        assert_eq!(format.as_str().parse::<LogFormat>().unwrap(), format);
        assert!(!lines(&[("LOG_FORMAT", format.as_str())]).is_empty());
    }
    // The journal is what somebody else's stream is connected to, not ours.
    assert!(!lines(&[("JOURNAL_STREAM", "1:2")])[0].starts_with('<'));
}

#[test]
fn what_cannot_be_read_or_opened_is_an_error_of_setting_up() {
    let error = Logs::builder("a").filter("a=b").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let error = Logs::builder("a")
        .file("/nowhere/at/all.log")
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all.log"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

/// What the test below runs in a process of its own, because a subscriber is for good.
#[test]
fn child_that_sets_up_twice() {
    if std::env::var_os("NOVACRON_CHILD").is_none() {
        return;
    }
    let first = Logs::builder("api-server").init().unwrap();
    let error = Logs::builder("api-server").init().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubscriberInstalled);
    assert!(error.to_string().contains("Logs::layer()"), "{error}");
    tracing::info!("the first one stays");
    tracing::debug!("this one is left out");
    first.reload("debug").unwrap();
    tracing::info!(value = ?LogsItself, "around");
    assert_eq!(first.flush(SOON).lost, 0);
}

#[test]
fn a_second_subscriber_is_a_typed_error_and_the_first_one_stays() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "setup::child_that_sets_up_twice", "--nocapture"])
        .env("NOVACRON_CHILD", "1")
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    let text = String::from_utf8(child.stdout).unwrap();
    assert_eq!(text.matches("the first one stays").count(), 1, "{text}");
    assert!(!text.contains("left out"), "{text}");
    let inside = text.find("from inside").unwrap();
    assert!(inside < text.find("\"around\",\"value\":\"logged\"").unwrap());
}

#[test]
fn shutdown_flushes_the_log_and_says_what_was_lost() {
    let log = |builder: LogsBuilder, deadline| {
        let logs = builder.rate_limit(0, 0).build().unwrap();
        let telemetry = novacron_telemetry::Telemetry::builder("api-server", "1")
            .logs(&logs)
            .build()
            .unwrap();
        let subscriber = tracing_subscriber::registry().with(logs.layer());
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..100 {
                tracing::info!("last words");
            }
        });
        telemetry.shutdown_blocking(deadline).unwrap()
    };
    let memory = Memory::default();
    let flushed = log(Logs::builder("a").writer(memory.clone()), SOON);
    assert_eq!(flushed.log_lines_lost, 0);
    assert_eq!(memory.text().lines().count(), 100);
    let flushed = log(Logs::builder("a").file("/dev/full"), Duration::from_secs(1));
    assert_eq!((flushed.log_lines, flushed.log_lines_lost), (0, 100));
}

/// What the test below runs: it panics, and is gone before anybody could flush.
#[test]
fn child_that_panics() {
    let Some(path) = std::env::var_os("NOVACRON_CHILD_PANICS") else {
        return;
    };
    let logs = Logs::builder("api-server").file(path).init().unwrap();
    logs.log_panics(SOON);
    std::thread::spawn(|| panic!("with password=hunter2"))
        .join()
        .unwrap_err();
    std::process::abort();
}

#[test]
fn a_panic_is_written_before_the_process_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "setup::child_that_panics"])
        .env("NOVACRON_CHILD_PANICS", &path)
        .output()
        .unwrap();
    let line = object(&std::fs::read_to_string(&path).unwrap());
    let message = line["message"].as_str().unwrap();
    assert!(message.starts_with("panicked at ") && message.ends_with("password=[redacted]"));
    assert_eq!(line["level"], "error");
}

#[test]
fn an_output_that_panics_costs_its_lines_alone() {
    struct Broken;
    impl std::io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            panic!("on purpose")
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    quiet();
    let logs = Logs::builder("a").writer(Broken).build().unwrap();
    let subscriber = tracing_subscriber::registry().with(logs.layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("first");
        logs.flush(SOON);
        tracing::info!("second");
    });
    let counts = logs.counts();
    assert_eq!((counts.left_at_end, counts.emitted), (2, 2));
}

#[test]
fn the_writer_ends_with_the_last_handle_and_writes_what_waits() {
    let (logs, memory) = crate::support::memory(|builder| builder);
    let subscriber = tracing_subscriber::registry().with(logs.layer());
    tracing::subscriber::with_default(subscriber, || tracing::info!("last words"));
    drop(logs);
    crate::support::eventually("it is written", || memory.text().contains("last words"));
}

#[test]
fn a_flush_of_nothing_is_done_at_once() {
    let (logs, _memory) = crate::support::memory(|builder| builder);
    let flushed = logs.flush(Duration::from_secs(30));
    assert_eq!((flushed.written, flushed.lost), (0, 0));
}
