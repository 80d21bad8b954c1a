//! `dwcp demo`: both sides at once.

use std::net::SocketAddr;

use crate::{
    agreement::{arrived, destination_agrees, numbers, source_agrees},
    processes::{Dwcp, Reports, until, until_under_way},
    scrape::{self, Scrape},
};

/// A demonstration under way.
pub(crate) struct Demo {
    pub(crate) dwcp: Dwcp,
    pub(crate) reports: Reports,
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
}

impl Demo {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let reports = Reports::new();
        let log = reports.flag();
        let metrics = ["--metrics=127.0.0.1:0", "--destination-metrics=127.0.0.1:0"];
        let mut all = vec!["demo", &log];
        all.extend(metrics.iter().chain(flags));
        let mut dwcp = Dwcp::start(&all);
        let destination = dwcp.address("metrics");
        let source = dwcp.address("metrics");
        Self {
            dwcp: dwcp.go_on(),
            reports,
            source,
            destination,
        }
    }

    /// Ctrl-C, when all is over.
    pub(crate) fn stop(self) -> Option<i32> {
        self.dwcp.signal("-INT");
        self.dwcp.end()
    }
}

#[test]
fn a_guest_that_dirties_less_than_is_copied_arrives_whole() {
    let demo = Demo::start(&[
        "--memory=64MiB",
        "--dirty-rate=8MiB/s",
        "--bandwidth=48MiB/s",
        "--max-downtime=100ms",
    ]);
    let source = demo.reports.of("source");
    let destination = demo.reports.of("destination");
    arrived(&source, &destination, 64 << 20);
    assert_eq!(source["sent_bytes"], destination["received_bytes"]);
    assert_eq!(source["sent_again_bytes"], 0);
    assert_eq!(source["phase"], "verification");

    let shown = source_agrees(demo.source, &source);
    let opened = shown.count("novacron_dwcp_streams_total", &[("result", "success")]);
    assert_eq!(opened, 4.0);
    assert_eq!(
        shown.count("novacron_dwcp_consensus_rounds_total", &[]),
        1.0
    );
    assert_eq!(
        shown.count("novacron_dwcp_consensus_timeouts_total", &[]),
        0.0
    );
    let called = [("service", "dwcp-destination"), ("status", "error")];
    assert_eq!(shown.count("novacron_external_calls_total", &called), 0.0);

    let shown = destination_agrees(demo.destination, &destination);
    // What the layer saw on the wire is what was applied behind it.
    let pages = [("service", "dwcp.v1.Migrator"), ("method", "Pages")];
    let ended = shown.by("novacron_grpc_requests_total", "code", &pages);
    assert_eq!(ended, [("OK".to_owned(), 4.0)].into());
    let messages = shown.count("novacron_grpc_received_messages_total", &pages);
    let decoded = [("component", "hde"), ("operation", "decompression")];
    let decoded = shown.count("novacron_dwcp_component_operations_total", &decoded);
    assert_eq!(messages, decoded);
    assert_eq!(
        shown.count("novacron_grpc_sent_messages_total", &pages),
        decoded
    );
    let wire = shown.count("novacron_grpc_received_bytes_total", &pages);
    let payload: f64 = numbers(&destination["received_bytes"]).values().sum();
    assert!(
        (payload..payload * 1.05).contains(&wire),
        "{wire} bytes for {payload}"
    );
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_guest_that_dirties_more_stays_and_the_error_is_convergence() {
    let demo = Demo::start(&[
        "--memory=64MiB",
        "--dirty-rate=400MiB/s",
        "--bandwidth=16MiB/s",
        "--max-rounds=3",
        "--max-downtime=50ms",
    ]);
    let source = demo.reports.of("source");
    let destination = demo.reports.of("destination");
    assert_eq!(source["outcome"], "failed", "{source}");
    assert_eq!(source["error_type"], "convergence");
    assert_eq!(source["phase"], "pre_copy");
    assert_eq!(source["rounds"].as_array().map(Vec::len), Some(3));
    assert_eq!(source["guest"], "source");
    // It tried harder before it gave up.
    assert_eq!(source["mode_switches"], 1);
    assert_eq!(numbers(&source["sent_bytes"]).len(), 2);
    assert_eq!(source["sent_bytes"], destination["received_bytes"]);
    assert_eq!(destination["outcome"], "failed");
    assert_eq!(destination["guest_started"], false);

    let shown = source_agrees(demo.source, &source);
    destination_agrees(demo.destination, &destination);
    let mode = shown.by("novacron_dwcp_mode", "mode", &[]);
    assert_eq!(mode, [("internet".to_owned(), 1.0)].into());
    // What is unknown, or over, is absent.
    assert_eq!(shown.sum("novacron_dwcp_migration_converging", &[]), None);
    assert_eq!(demo.stop(), Some(1));
}

#[test]
fn who_is_forced_to_switch_over_pays_with_downtime() {
    let demo = Demo::start(&[
        "--memory=16MiB",
        "--dirty-rate=400MiB/s",
        "--bandwidth=8MiB/s",
        "--mode=datacenter",
        "--max-rounds=2",
        "--max-downtime=20ms",
        "--on-divergence=force",
    ]);
    let source = demo.reports.of("source");
    let destination = demo.reports.of("destination");
    arrived(&source, &destination, 16 << 20);
    let downtime = source["downtime_seconds"].as_f64().expect("a pause");
    assert!(downtime > 0.1, "{downtime} s");
    source_agrees(demo.source, &source);
    destination_agrees(demo.destination, &destination);
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn ctrl_c_calls_a_migration_off_and_then_ends_the_source() {
    let mut demo = Demo::start(&["--memory=64MiB", "--bandwidth=1MiB/s"]);
    until_under_way(demo.source);
    let during = Scrape::of(demo.source);
    assert_eq!(during.count("novacron_dwcp_migrations_in_flight", &[]), 1.0);
    demo.dwcp.signal("-INT");
    let source = demo.reports.of("source");
    let destination = demo.reports.of("destination");
    assert_eq!(source["outcome"], "cancelled", "{source}");
    assert_eq!(source["phase"], "pre_copy");
    assert_eq!(source["guest"], "source");
    assert_eq!(destination["outcome"], "cancelled");

    source_agrees(demo.source, &source);
    destination_agrees(demo.destination, &destination);
    assert!(demo.dwcp.is_running());
    assert_eq!(demo.stop(), Some(130));
}

#[test]
fn sides_do_not_outlive_a_demo_that_is_killed() {
    let demo = Demo::start(&["--memory=64MiB", "--bandwidth=1MiB/s"]);
    until_under_way(demo.source);
    demo.dwcp.signal("-KILL");
    for address in [demo.source, demo.destination] {
        let gone = || scrape::get(address, "/metrics").err();
        until("nobody answers", gone);
    }
    assert_eq!(demo.reports.of("source")["outcome"], "cancelled");
}

#[test]
fn with_exit_everything_ends_by_itself() {
    let flags = ["--memory=8MiB", "--bandwidth=unlimited", "--exit"];
    let demo = Demo::start(&flags);
    arrived(
        &demo.reports.of("source"),
        &demo.reports.of("destination"),
        8 << 20,
    );
    let (source, destination) = (demo.source, demo.destination);
    assert_eq!(demo.dwcp.end(), Some(0));
    for address in [source, destination] {
        assert!(scrape::get(address, "/metrics").is_err(), "{address}");
    }
}
