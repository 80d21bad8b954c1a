//! A host that keeps its metrics-exporter-prometheus.
#![allow(
    clippy::disallowed_macros,
    reason = "these are the macros that the facade is for"
)]

use metrics::{counter, describe_counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use novacron_telemetry::Registry;
use novacron_telemetry::catalog::ApiMetrics;
use novacron_telemetry::expose::Format;
use novacron_telemetry::facade::Facade;
use novacron_telemetry::registry::Sample;

use crate::support;

/// A registry that shows what the recorder holds.
fn registry(recorder: &PrometheusRecorder) -> Registry {
    let registry = Registry::new();
    registry.add_exporter(recorder.handle()).unwrap();
    registry
}

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("seconds".to_owned()), &[0.1, 1.0])
        .unwrap()
        .build_recorder()
}

#[test]
fn every_sample_of_the_exporter_is_shown_as_it_shows_it() {
    let recorder = recorder();
    metrics::with_local_recorder(&recorder, || {
        describe_counter!("jobs", "Jobs\nthat \\ were taken.");
        counter!("jobs", "queue" => "mail").increment(u64::MAX);
        counter!("jobs", "queue" => "a\"b\nc").increment(1);
        gauge!("level").set(-2.5);
        gauge!("odd").set(f64::NAN);
        for wait in [0.1, 0.5, 5.0] {
            histogram!("wait_seconds", "queue" => "mail").record(wait);
            histogram!("size").record(wait);
        }
    });
    let registry = registry(&recorder);
    let ours = support::samples(&registry.render());
    // Only `le` has another spelling here.
    let theirs = recorder
        .handle()
        .render()
        .replace(",le=\"1\"", ",le=\"1.0\"")
        .replace("\n\n", "\n");
    let mut theirs = support::samples(&theirs);
    let text = |sample: &_| format!("{sample:?}");
    let mut ours: Vec<String> = ours.iter().map(text).collect();
    let mut theirs: Vec<String> = theirs.drain(..).map(|sample| text(&sample)).collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    assert!(ours.len() > 15);
    assert_eq!(registry.refusals(), 0);

    let snapshot = registry.snapshot();
    let jobs = snapshot.find("jobs", &[("queue", "mail")]).unwrap();
    assert_eq!(jobs.sample, Sample::Counter(u64::MAX), "to the last digit");
    let wait = snapshot.find("wait_seconds", &[("queue", "mail")]).unwrap();
    let Sample::Histogram { buckets, .. } = &wait.sample else {
        panic!("{wait:?}");
    };
    assert_eq!(**buckets, [1, 1, 1]);
    let Sample::Summary {
        quantiles, count, ..
    } = &snapshot.find("size", &[]).unwrap().sample
    else {
        panic!("{snapshot:?}");
    };
    assert_eq!((quantiles.len(), *count), (7, 3));
    assert!(
        registry
            .render()
            .contains("# HELP jobs Jobs\\nthat \\\\ were taken.\n# TYPE jobs counter\n")
    );
}

#[test]
fn families_stand_in_the_order_of_names_among_ours_and_come_and_go() {
    let recorder = recorder();
    let registry = registry(&recorder);
    registry.register::<ApiMetrics>().unwrap();
    let ours = registry.snapshot().families().count();
    metrics::with_local_recorder(&recorder, || {
        counter!("a_first").increment(1);
        counter!("novacron_between").increment(1);
        counter!("z_last").increment(1);
    });
    let text = registry.render();
    let heads: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("# TYPE "))
        .collect();
    assert_eq!(heads.len(), ours + 3);
    assert!(heads.is_sorted(), "{heads:#?}");
}

#[test]
fn a_name_of_ours_stays_ours_and_the_refusal_is_counted_once() {
    let recorder = recorder();
    let registry = registry(&recorder);
    let api = registry.register::<ApiMetrics>().unwrap();
    let facade = Facade::recorder(&registry);
    metrics::with_local_recorder(&facade, || counter!("both").increment(1));
    metrics::with_local_recorder(&recorder, || {
        counter!("novacron_api_requests_total").increment(99);
        gauge!("both").set(99.0);
        counter!("kinds").increment(1);
        gauge!("kinds").set(2.0);
        counter!("mine").increment(1);
    });
    for _ in 0..3 {
        let snapshot = registry.snapshot();
        assert_eq!(snapshot.sum("novacron_api_requests_total", &[]), 0.0);
        assert_eq!(snapshot.value("both_total", &[]), Some(1.0));
        assert_eq!(snapshot.series("both"), []);
        assert_eq!(
            snapshot.value("kinds", &[]),
            Some(1.0),
            "the first of its two kinds"
        );
        assert_eq!(snapshot.value("mine", &[]), Some(1.0));
    }
    assert_eq!(registry.refusals(), 3, "each once, not at each scrape");
    drop(api);
}

#[test]
fn series_that_the_exporter_makes_one_of_are_shown_once() {
    let recorder = recorder();
    let registry = registry(&recorder);
    metrics::with_local_recorder(&recorder, || {
        // Its escaping makes the same text of both.
        counter!("merged", "text" => "a\"b").increment(1);
        counter!("merged", "text" => "a\\\"b").increment(1);
        counter!("fine").increment(1);
        counter!("named", "" => "x").increment(1);
    });
    let text = registry.render();
    let merged = support::samples(&text);
    assert_eq!(
        merged.iter().filter(|(name, ..)| name == "merged").count(),
        1,
        "{text}"
    );
    assert!(merged.iter().any(|(name, ..)| name == "fine"));
    assert!(
        !text.contains("named"),
        "a label without a name is no label"
    );
    assert_eq!(registry.refusals(), 2);
}

#[test]
fn labels_keep_their_names_but_for_those_that_every_series_has() {
    let recorder = recorder();
    let registry = Registry::builder().const_label("component", "api").build();
    registry.add_exporter(recorder.handle()).unwrap();
    metrics::with_local_recorder(&recorder, || {
        counter!("x", "job" => "mail", "component" => "queue").increment(1);
    });
    let text = registry.render();
    let line = "x{component=\"api\",exported_component=\"queue\",job=\"mail\"} 1\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn open_metrics_ends_where_it_should_with_foreign_families_in_it() {
    let recorder = recorder();
    metrics::with_local_recorder(&recorder, || {
        counter!("jobs").increment(1);
        histogram!("size").record(1.0);
    });
    let registry = registry(&recorder);
    let text = String::from_utf8(registry.chunks(Format::OpenMetrics).flatten().collect()).unwrap();
    assert!(text.contains("# TYPE jobs unknown\njobs 1\n"), "{text}");
    assert!(
        text.contains("# TYPE size summary\nsize{quantile=\"0\"} 1\n"),
        "{text}"
    );
    assert!(text.contains("size_sum 1\nsize_count 1\n"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}
