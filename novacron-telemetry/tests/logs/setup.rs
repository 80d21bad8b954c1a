//! Setting up: environment, errors, and a host that has a subscriber already.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use novacron_telemetry::ErrorKind;
use novacron_telemetry::logs::{LogFormat, Logs, LogsBuilder};

use crate::support::{LogsItself, SOON, lines_of};

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
fn the_writer_ends_with_the_last_handle_and_writes_what_waits() {
    let (logs, memory) = crate::support::memory(|builder| builder);
    let subscriber = tracing_subscriber::layer::SubscriberExt::with(
        tracing_subscriber::registry(),
        logs.layer(),
    );
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
