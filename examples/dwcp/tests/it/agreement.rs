//! What processes log beside what they show to Prometheus. Counts are equal to the last byte; times
//! are taken by two clocks and may differ a little.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::Value;

use crate::{processes::until, scrape::Scrape};

/// The source's report and its metrics tell the same story.
pub(crate) fn source_agrees(address: SocketAddr, report: &Value) -> Scrape {
    let scrape = Scrape::of(address);
    let outcome = text(&report["outcome"]);
    let phase = text(&report["phase"]);

    assert_eq!(
        scrape.count("novacron_dwcp_migrations_started_total", &[]),
        1.0
    );
    assert_eq!(
        scrape.sum("novacron_dwcp_migrations_in_flight", &[]),
        Some(0.0)
    );
    let pair = [("source", "node-1"), ("destination", "node-2")];
    let ended = scrape.by("novacron_dwcp_migrations_total", "status", &pair);
    assert_eq!(ended, once(outcome));
    let status = [("status", outcome)];
    let ended = scrape.by("novacron_dwcp_migrations_ended_total", "phase", &status);
    assert_eq!(ended, once(phase));

    let errors = scrape.by("novacron_dwcp_migration_errors_total", "error_type", &[]);
    let failures = [("phase", phase)];
    let failures = scrape.by(
        "novacron_dwcp_migration_failures_total",
        "error_type",
        &failures,
    );
    match report["error_type"].as_str() {
        Some(error_type) => assert_eq!((errors, failures), (once(error_type), once(error_type))),
        None => assert_eq!((errors, failures), Default::default()),
    }
    assert_eq!(
        scrape.by("novacron_dwcp_migration_retries_total", "reason", &[]),
        numbers(&report["retries"])
    );

    assert_eq!(
        scrape.by(
            "novacron_dwcp_transferred_bytes_total",
            "mode",
            &[("direction", "sent")]
        ),
        numbers(&report["sent_bytes"])
    );
    let encoded = report["encoded"].as_object().expect("by algorithm");
    let sum = |field: &str| {
        encoded
            .values()
            .map(|work| number(&work[field]))
            .sum::<f64>()
    };
    let before = scrape.count("novacron_dwcp_uncompressed_bytes_total", &[]);
    assert_eq!(before, sum("original_bytes"));
    let after = scrape.count("novacron_dwcp_compressed_bytes_total", &[]);
    assert_eq!(after, sum("encoded_bytes"));

    let rounds = report["rounds"].as_array().expect("rounds");
    let counted = scrape.count("novacron_dwcp_migration_round_duration_seconds_count", &[]);
    assert_eq!(counted, rounds.len() as f64);
    let counted = scrape.count("novacron_dwcp_migration_rounds_sum", &[]);
    assert_eq!(counted, rounds.len() as f64);
    let all = rounds
        .iter()
        .chain(report.get("last_round").filter(|round| !round.is_null()));
    let saved = all
        .map(|round| (number(&round["copied_bytes"]) - number(&round["encoded_bytes"])).max(0.0));
    let counted = scrape.count("novacron_dwcp_bandwidth_saved_bytes_total", &[]);
    assert_eq!(counted, saved.sum::<f64>());
    let switches = scrape.count("novacron_dwcp_mode_switches_total", &[]);
    assert_eq!(switches, number(&report["mode_switches"]));

    times_agree(&scrape, report);
    scrape
}

fn times_agree(scrape: &Scrape, report: &Value) {
    let phases = scrape.by(
        "novacron_dwcp_migration_phase_duration_seconds_sum",
        "phase",
        &[],
    );
    let logged = numbers(&report["phases"]);
    assert!(phases.keys().eq(logged.keys()), "{phases:?} {logged:?}");
    for (phase, seconds) in &phases {
        close(phase, *seconds, logged[phase]);
    }
    let total = scrape.count("novacron_dwcp_migration_duration_seconds_sum", &[]);
    let sum: f64 = phases.values().sum();
    assert!(
        (sum - total).abs() < 1e-6,
        "{sum} s in phases, {total} s in all"
    );
    close("in all", total, number(&report["seconds"]));
    let sum: f64 = logged.values().sum();
    close("logged phases", sum, number(&report["seconds"]));

    if report["outcome"] == "success" {
        let pause = "novacron_dwcp_migration_downtime_seconds";
        assert_eq!(scrape.count(&format!("{pause}_count"), &[]), 1.0);
        let pause = scrape.count(&format!("{pause}_sum"), &[]);
        close("downtime", pause, number(&report["downtime_seconds"]));
        assert!(pause <= phases["downtime"], "{pause} {phases:?}");
    }
}

/// The destination's report and its metrics tell the same story.
pub(crate) fn destination_agrees(address: SocketAddr, report: &Value) -> Scrape {
    until("all streams are closed", || {
        let open = Scrape::of(address).sum("novacron_dwcp_streams_active", &[]);
        (open == Some(0.0)).then_some(())
    });
    let scrape = Scrape::of(address);
    assert_eq!(
        scrape.by(
            "novacron_dwcp_transferred_bytes_total",
            "mode",
            &[("direction", "received")]
        ),
        numbers(&report["received_bytes"])
    );
    let opened = scrape.count("novacron_dwcp_streams_total", &[("result", "success")]);
    assert_eq!(opened, number(&report["streams_opened"]));
    // One migration is one migration: its source counts it.
    assert_eq!(
        scrape.count("novacron_dwcp_migrations_started_total", &[]),
        0.0
    );
    scrape
}

/// Both sides saw a guest arrive whole.
pub(crate) fn arrived(source: &Value, destination: &Value, memory: u64) {
    for report in [source, destination] {
        assert_eq!(report["outcome"], "success", "{report}");
        assert_eq!(report["verified_pages"], memory / 4096, "{report}");
    }
    assert_eq!(destination["different_pages"], 0);
    assert_eq!(destination["guest_started"], true);
    assert_eq!(source["guest"], "destination");
    assert_eq!(source["migration"], destination["migration"]);
    let deltas = source["encoded"]["delta"]["pages"].as_u64().unwrap_or(0);
    assert_eq!(source["mode"] == "datacenter", deltas == 0, "{source}");
}

fn close(what: &str, shown: f64, logged: f64) {
    assert!(
        (shown - logged).abs() < 0.25,
        "{what}: {shown} s shown, {logged} s logged"
    );
}

fn once(name: &str) -> BTreeMap<String, f64> {
    [(name.to_owned(), 1.0)].into()
}

pub(crate) fn numbers(object: &Value) -> BTreeMap<String, f64> {
    let object = object.as_object().expect("an object");
    let numbers = object
        .iter()
        .map(|(name, value)| (name.clone(), number(value)));
    numbers.collect()
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
