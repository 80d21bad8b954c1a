//! What ships for operators: the sample `NovaFile`, the unit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use novacron_collectors::settings::{NAMES, Settings};
use novacron_telemetry::config::Config;

use super::support::{PROGRAM, refused};

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn sample() -> String {
    std::fs::read_to_string(shipped("ops/NovaFile")).unwrap()
}

/// The sample with its defaults said, and its examples where they are wanted.
fn said(examples: bool) -> String {
    let key = |text: &str| text.starts_with(|first: char| first.is_ascii_lowercase());
    let line = |line: &str| match line.strip_prefix("#:") {
        Some(example) if examples => example.to_owned(),
        Some(_) => String::new(),
        None => match line.strip_prefix('#') {
            Some(default) if key(default) => default.to_owned(),
            _ => line.to_owned(),
        },
    };
    sample().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn it_says_nothing_as_it_is() {
    let text = sample();
    assert_eq!(text.parse::<Settings>().unwrap(), Settings::default());
    assert_eq!(text.parse::<Config>().unwrap(), Config::default());
}

#[test]
fn what_it_calls_defaults_are() {
    let text = said(false);
    let mut usual = Config::default();
    // It does say where, if only what holds anyway.
    usual.metrics.listens = true;
    assert_eq!(text.parse::<Config>().unwrap(), usual);
    let settings: Settings = text.parse().unwrap();
    let usual = Settings::default();
    for ((name, said), (_, usual)) in settings.schedules().iter().zip(usual.schedules()) {
        assert_eq!(said.interval(), usual.interval(), "{name}: interval");
        assert_eq!(said.longest(), usual.longest(), "{name}: timeout");
    }
    // Without the two that are compared above, the rest is the same.
    let rest: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("interval = ") && !line.starts_with("timeout = "))
        .collect();
    assert_eq!(rest.join("\n").parse::<Settings>().unwrap(), usual);
}

#[test]
fn every_key_that_there_is_occurs() {
    let text = said(true);
    text.parse::<Settings>().unwrap();
    text.parse::<Config>().unwrap();
    let tables: toml::Table = text.parse().unwrap();
    let collectors = tables["collectors"].as_table().unwrap();
    for name in NAMES {
        let said: BTreeSet<_> = match collectors.get(*name) {
            Some(table) => table
                .as_table()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect(),
            None => BTreeSet::new(),
        };
        let known: BTreeSet<_> = Settings::keys(name).unwrap().into_iter().collect();
        assert_eq!(said, known, "[collectors.{name}]");
    }
    // Of the other tables the parser tells: a key that is not known is answered with those that are.
    let whole = toml::Value::Table(tables.clone());
    for table in [
        "metrics",
        "metrics.tls",
        "metrics.auth",
        "metrics.limits",
        "logs",
    ] {
        let error = format!("[{table}]\nnothing = 1")
            .parse::<Config>()
            .unwrap_err();
        let error = error.to_string();
        let (_, known) = error.split_once("expected ").unwrap();
        let mut known: BTreeSet<_> = known.split('`').skip(1).step_by(2).collect();
        // The sample has the file; both together make no sense.
        known.remove("token_env");
        let said = table
            .split('.')
            .fold(&whole, |at, name| &at[name])
            .as_table()
            .unwrap()
            .clone();
        let said: BTreeSet<_> = said.keys().map(String::as_str).collect();
        assert_eq!(said, known, "[{table}]");
    }
}

#[test]
fn the_program_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("NovaFile"), said(false)).unwrap();
    let (code, complaint) = refused(folder.path(), &["--check"]);
    assert_eq!((code, complaint.as_str()), (0, ""));
}

#[test]
fn the_documented_path_of_the_unit_leads_to_it() {
    let documented = shipped("examples/systemd/nova-metrics.service");
    let unit = std::fs::read_to_string(documented).unwrap();
    let shipped = std::fs::read_to_string(shipped("ops/systemd/nova-metrics.service")).unwrap();
    assert_eq!(unit, shipped);
    for line in [
        "Type=notify",
        "ExecReload=",
        "WatchdogSec=",
        "NoNewPrivileges=yes",
    ] {
        assert!(unit.contains(line), "{line}");
    }
    // Under these it would see other mounts than the host's.
    for option in ["ProtectSystem", "ProtectHome", "PrivateTmp", "DynamicUser"] {
        let set = unit.lines().any(|line| line.starts_with(option));
        assert!(!set, "{option}");
    }
}

#[test]
fn systemd_has_nothing_to_say_about_the_unit() {
    let unit = std::fs::read_to_string(shipped("ops/systemd/nova-metrics.service")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nova-metrics.service");
    // Neither is installed here.
    let unit = unit.replace("/usr/local/bin/nova-metrics\n", &format!("{PROGRAM}\n"));
    let unit = unit.replace("User=nova-metrics\n", "User=root\n");
    std::fs::write(&path, unit).unwrap();
    let Ok(output) = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&path)
        .output()
    else {
        eprintln!("left out: systemd-analyze is missing here");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}
