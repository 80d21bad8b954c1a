//! What goes wrong, for real.

use std::{net::SocketAddr, process::Command};

use crate::{
    agreement::{arrived, destination_agrees, source_agrees},
    processes::{Dwcp, Reports, until, until_under_way},
    proxy::Proxy,
    scrape::Scrape,
};

/// A destination, and where its streams and metrics are.
fn serve(reports: &Reports, flags: &[&str]) -> (Dwcp, SocketAddr, SocketAddr) {
    let log = reports.flag();
    let addresses = ["--listen=127.0.0.1:0", "--metrics=127.0.0.1:0"];
    let mut all = vec!["serve", &log];
    all.extend(addresses.iter().chain(flags));
    let mut dwcp = Dwcp::start(&all);
    let (streams, metrics) = (dwcp.address("streams"), dwcp.address("metrics"));
    (dwcp.go_on(), streams, metrics)
}

/// A source, and where its metrics are.
fn migrate(reports: &Reports, to: SocketAddr, flags: &[&str]) -> (Dwcp, SocketAddr) {
    let (log, to) = (reports.flag(), format!("--to={to}"));
    let mut all = vec!["migrate", &log, &to, "--metrics=127.0.0.1:0"];
    all.extend(flags);
    let mut dwcp = Dwcp::start(&all);
    let metrics = dwcp.address("metrics");
    (dwcp.go_on(), metrics)
}

#[test]
fn a_destination_that_is_killed_leaves_a_source_that_lives_on() {
    let reports = Reports::new();
    let (destination, to, _) = serve(&reports, &[]);
    let (mut source, metrics) = migrate(&reports, to, &["--memory=64MiB", "--bandwidth=4MiB"]);
    until_under_way(metrics);
    destination.signal("-KILL");

    let report = reports.of("source");
    assert_eq!(report["outcome"], "failed", "{report}");
    assert_eq!(report["error_type"], "stream_failed");
    assert_eq!(report["phase"], "pre_copy");
    assert_eq!(report["guest"], "source");
    assert!(
        reports.find("destination").is_none(),
        "the dead do not write"
    );
    let shown = source_agrees(metrics, &report);
    assert!(shown.count("novacron_dwcp_migration_retries_total", &[]) > 0.0);
    assert!(shown.count("novacron_dwcp_stream_errors_total", &[]) > 0.0);
    assert_eq!(shown.count("novacron_dwcp_streams_active", &[]), 0.0);

    assert!(source.is_running());
    source.signal("-INT");
    assert_eq!(source.end(), Some(1));
}

#[test]
fn a_destination_that_is_killed_during_the_pause_leaves_the_guest_here() {
    let reports = Reports::new();
    let (destination, to, _) = serve(&reports, &[]);
    // All of it again in the pause, which takes seconds.
    let flags = [
        "--memory=16MiB",
        "--dirty-rate=1GiB",
        "--bandwidth=2MiB",
        "--mode=datacenter",
        "--max-rounds=1",
        "--on-divergence=force",
        "--exit",
    ];
    let (source, metrics) = migrate(&reports, to, &flags);
    until("the guest is paused", || {
        let rounds =
            Scrape::of(metrics).sum("novacron_dwcp_migration_round_duration_seconds_count", &[]);
        (rounds == Some(1.0)).then_some(())
    });
    destination.signal("-KILL");
    assert_eq!(source.end(), Some(1));
    let report = reports.of("source");
    assert_eq!(report["error_type"], "stream_failed", "{report}");
    assert_eq!(report["phase"], "downtime");
    assert_eq!(report["guest"], "source");
    assert_eq!(report["last_round"], serde_json::Value::Null);
}

#[test]
fn a_destination_that_hangs_is_given_up_as_stalled() {
    let reports = Reports::new();
    let (destination, to, destination_metrics) = serve(&reports, &[]);
    let flags = ["--memory=64MiB", "--bandwidth=4MiB"];
    let (source, metrics) = migrate(&reports, to, &flags);
    until_under_way(metrics);
    destination.signal("-STOP");
    let report = reports.of("source");
    assert_eq!(report["error_type"], "stalled", "{report}");
    assert_eq!(report["guest"], "source");
    source_agrees(metrics, &report);

    // It comes to itself and finds nobody.
    destination.signal("-CONT");
    let received = reports.of("destination");
    assert_eq!(received["outcome"], "failed", "{received}");
    assert_eq!(received["guest_started"], false);
    destination_agrees(destination_metrics, &received);
    source.signal("-INT");
    assert_eq!(source.end(), Some(1));
}

#[test]
fn streams_that_are_cut_are_connected_again_and_nothing_is_lost() {
    let reports = Reports::new();
    let (destination, to, destination_metrics) = serve(&reports, &[]);
    let proxy = Proxy::to(to);
    let flags = ["--memory=32MiB", "--bandwidth=8MiB", "--streams=3"];
    let (source, metrics) = migrate(&reports, proxy.address(), &flags);
    until_under_way(metrics);
    // Three streams and the one that is not for pages.
    assert_eq!(proxy.cut(), 4);

    let report = reports.of("source");
    let received = reports.of("destination");
    arrived(&report, &received, 32 << 20);
    assert_eq!(report["retries"]["stream_failed"], 3, "{report}");
    assert_eq!(received["streams_opened"], 6);
    let shown = source_agrees(metrics, &report);
    assert_eq!(
        shown.count("novacron_dwcp_stream_reconnects_total", &[]),
        3.0
    );
    assert_eq!(shown.count("novacron_dwcp_stream_errors_total", &[]), 3.0);
    destination_agrees(destination_metrics, &received);
    // What was under way when it was cut was sent again; what of it had arrived came twice.
    let number = |report: &serde_json::Value, name: &str| report[name].as_u64().expect("a number");
    let again = number(&report, "sent_again_bytes");
    assert!(again > 0, "{report}");
    assert!(number(&received, "received_again_bytes") <= again);

    source.signal("-INT");
    assert_eq!(source.end(), Some(0));
    destination.signal("-INT");
    assert_eq!(destination.end(), Some(0));
}

#[test]
fn a_wire_that_stays_cut_is_a_failed_stream_on_both_sides() {
    let reports = Reports::new();
    let (_destination, to, destination_metrics) = serve(&reports, &[]);
    let proxy = Proxy::to(to);
    let flags = ["--memory=64MiB", "--bandwidth=4MiB", "--exit"];
    let (source, metrics) = migrate(&reports, proxy.address(), &flags);
    until_under_way(metrics);
    proxy.close();

    assert_eq!(source.end(), Some(1));
    let report = reports.of("source");
    assert_eq!(report["error_type"], "stream_failed", "{report}");
    assert_eq!(report["guest"], "source");
    // Nobody could tell it: it noticed.
    let received = reports.of("destination");
    assert_eq!(received["outcome"], "failed");
    assert_eq!(received["error"], "the source is gone");
    destination_agrees(destination_metrics, &received);
}

#[test]
fn a_guest_that_does_not_fit_is_refused_before_anything_is_sent() {
    let reports = Reports::new();
    let (_destination, to, destination_metrics) = serve(&reports, &["--capacity=32MiB"]);
    let (source, metrics) = migrate(&reports, to, &["--memory=64MiB"]);
    let report = reports.of("source");
    assert_eq!(report["error_type"], "resource_limit", "{report}");
    assert_eq!(report["phase"], "initializing");
    source_agrees(metrics, &report);
    let refused = [("component", "itp"), ("error_type", "resource_limit")];
    let shown = Scrape::of(destination_metrics);
    assert_eq!(
        shown.count("novacron_dwcp_component_errors_total", &refused),
        1.0
    );
    source.signal("-TERM");
    assert_eq!(source.end(), Some(1));
}

#[test]
fn a_migration_to_nobody_fails_at_once() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let to = nobody.local_addr().expect("an address");
    drop(nobody);
    let reports = Reports::new();
    let (source, _) = migrate(&reports, to, &["--memory=4MiB", "--exit"]);
    assert_eq!(source.end(), Some(1));
    let report = reports.of("source");
    assert_eq!(report["error_type"], "stream_failed");
    assert_eq!(report["phase"], "initializing");
}

#[test]
fn flags_that_make_no_sense_are_named() {
    let cases = [
        ("--memory=lots", "--memory"),
        ("--memory=5000", "--memory"),
        ("--dirty-rate=fast", "--dirty-rate"),
        ("--bandwidth=1KiB", "--bandwidth"),
        ("--max-downtime=3", "--max-downtime"),
        ("--mode=quantum", "--mode"),
        ("--streams=0", "--streams"),
        ("--on-divergence=cry", "--on-divergence"),
        ("--metrics=here", "--metrics"),
    ];
    for (flag, named) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_dwcp"))
            .args(["demo", flag])
            .output()
            .expect("dwcp runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flag}: {said}");
        assert!(said.contains(named), "{flag}: {said}");
    }
}
