//! What Prometheus's own tools say about our expositions.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use novacron_telemetry::Registry;
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::expose::Format;
use novacron_telemetry::metric::{Histogram, buckets};
use novacron_telemetry::registry::{Groups, MetricGroup};

use crate::support::{hostile, judge};

fn feed(mut judge: Command, exposition: &[u8]) -> Output {
    let mut child = judge
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(exposition).unwrap();
    child.wait_with_output().unwrap()
}

/// Every list of bounds there is, each on a histogram of its own.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "bounds")]
#[expect(dead_code, reason = "they are shown, and nobody observes")]
struct Bounds {
    /// Observations.
    #[metric(buckets = buckets::HTTP)]
    http: Histogram,
    /// Observations.
    #[metric(buckets = buckets::DATABASE)]
    database: Histogram,
    /// Observations.
    #[metric(buckets = buckets::MIGRATION)]
    migration: Histogram,
    /// Observations.
    #[metric(buckets = buckets::VM_OPERATION)]
    vm_operation: Histogram,
    /// Observations.
    #[metric(buckets = buckets::JOB)]
    job: Histogram,
    /// Observations.
    #[metric(buckets = buckets::STAGE)]
    stage: Histogram,
    /// Observations.
    #[metric(buckets = buckets::RPC)]
    rpc: Histogram,
    /// Observations.
    #[metric(buckets = buckets::RECONCILE)]
    reconcile: Histogram,
    /// Observations.
    #[metric(buckets = buckets::IP_DISCOVERY)]
    ip_discovery: Histogram,
    /// Observations.
    #[metric(buckets = buckets::TRAINING)]
    training: Histogram,
    /// Observations.
    #[metric(buckets = buckets::INFERENCE)]
    inference: Histogram,
    /// Observations.
    #[metric(buckets = buckets::WORKFLOW)]
    workflow: Histogram,
    /// Observations.
    #[metric(buckets = buckets::BYTES)]
    size: Histogram,
    /// Observations.
    #[metric(buckets = buckets::IMAGE)]
    image: Histogram,
    /// Observations.
    #[metric(buckets = buckets::RATE)]
    rate: Histogram,
    /// Observations.
    #[metric(buckets = buckets::DOWNTIME)]
    downtime: Histogram,
    /// Observations.
    #[metric(buckets = buckets::STREAM)]
    stream: Histogram,
    /// Observations.
    #[metric(buckets = buckets::SYNC)]
    sync: Histogram,
    /// Observations.
    #[metric(buckets = buckets::SCRAPE)]
    scrape: Histogram,
    /// Observations.
    #[metric(buckets = buckets::SELF)]
    own: Histogram,
    /// Observations.
    #[metric(buckets = buckets::SESSION)]
    session: Histogram,
    /// Observations.
    #[metric(buckets = buckets::FIRMWARE)]
    firmware: Histogram,
}

/// The registries that are judged, and what each is called in a failure.
fn registries() -> Vec<(&'static str, Registry)> {
    let catalog = Registry::new();
    Catalog::register(&catalog, Groups::ALL).unwrap();
    let bounds = Registry::new();
    bounds.register::<Bounds>().unwrap();
    vec![
        ("hostile", hostile()),
        ("catalog", catalog),
        ("bounds", bounds),
        #[cfg(feature = "facade")]
        ("facade", facade()),
        #[cfg(all(feature = "facade", feature = "exporter-prometheus"))]
        ("exporter", exporter()),
    ]
}

/// Counts through the `metrics` crate, with names and labels from elsewhere.
#[cfg(feature = "facade")]
#[allow(
    clippy::disallowed_macros,
    reason = "these are the macros that the facade is for"
)]
fn count() {
    use metrics::{Unit, counter, describe_counter, describe_histogram, gauge, histogram};
    describe_counter!(
        "http.Sent",
        Unit::Bytes,
        "A \"quoted\" \\ help\nin two lines."
    );
    describe_histogram!("wait_seconds", Unit::Seconds, "Waiting.");
    for text in ["plain", "a\"b", "\\", "new\nline", "\u{1b}[2J", "ü"] {
        counter!("http.Sent", "Peer.Name" => text, "job" => "x").increment(1);
        histogram!("wait_seconds", "peer" => text).record(0.3);
        histogram!("SIZE::of.it", "peer" => text).record(3e7);
        gauge!("5 levels", "peer" => text).set(f64::NAN);
    }
}

#[cfg(feature = "facade")]
fn facade() -> Registry {
    let registry = Registry::builder().const_label("component", "api").build();
    let facade = novacron_telemetry::facade::Facade::builder(&registry).max_series(3);
    metrics::with_local_recorder(&facade.build().unwrap(), count);
    registry
}

#[cfg(all(feature = "facade", feature = "exporter-prometheus"))]
fn exporter() -> Registry {
    use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
    let waits = Matcher::Full("wait_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(waits, &[0.5, 1.0]);
    let recorder = builder.unwrap().build_recorder();
    metrics::with_local_recorder(&recorder, count);
    let registry = Registry::builder().const_label("component", "api").build();
    registry.add_exporter(recorder.handle()).unwrap();
    registry
}

#[test]
fn promtool_reads_the_text_format() {
    for (which, registry) in registries() {
        let Some(mut promtool) = judge("promtool", &["--version"]) else {
            return;
        };
        promtool.args(["check", "metrics"]);
        let output = feed(promtool, registry.render().as_bytes());
        let said = String::from_utf8_lossy(&output.stderr);
        // 3 is advice on names, some of which are promised as they are; 1 is a text that cannot be
        // read.
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{which}: {said}"
        );
    }
}

/// Parses strictly, then says how many families and samples it saw. The parser refuses bounds that
/// are not spelt as Go spells them.
const PYTHON: &str = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
families = list(parse(sys.stdin.buffer.read().decode()))
print(len(families), sum(len(family.samples) for family in families))
print(sum(1 for family in families for sample in family.samples if sample.exemplar))
";

#[test]
fn the_reference_parser_reads_open_metrics() {
    for (which, registry) in registries() {
        let Some(mut python) = judge("python", &["-c", "import prometheus_client"])
            .or_else(|| judge("python3", &["-c", "import prometheus_client"]))
        else {
            return;
        };
        python.args(["-c", PYTHON]);
        let exposition: Vec<u8> = registry.chunks(Format::OpenMetrics).flatten().collect();
        let output = feed(python, &exposition);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{which}: {said}");
        let text = String::from_utf8(exposition).unwrap();
        let heads = text
            .lines()
            .filter(|line| line.starts_with("# TYPE "))
            .count();
        let samples = text.lines().filter(|line| !line.starts_with('#')).count();
        let exemplars = text
            .lines()
            .filter(|line| line.contains(" # {trace_id="))
            .count();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            format!("{heads} {samples}\n{exemplars}\n"),
            "{which}"
        );
    }
}
