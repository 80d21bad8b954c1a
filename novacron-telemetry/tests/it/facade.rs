//! What the host and its dependencies count with the `metrics` crate.
#![allow(
    clippy::disallowed_macros,
    reason = "these are the macros that the facade is for"
)]

use std::sync::{Arc, Mutex};

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use novacron_telemetry::catalog::{ApiMetrics, Catalog};
use novacron_telemetry::facade::Facade;
use novacron_telemetry::registry::visit::{Flow, Head, Labels, Unit, Value, Visitor};
use novacron_telemetry::registry::{Groups, Sample};
use novacron_telemetry::{ErrorKind, Registry, Telemetry};
use tracing::field::{Field, Visit};

use crate::support;

/// A registry, and what `count` counted in it.
fn counted(count: impl FnOnce()) -> Registry {
    let registry = Registry::new();
    let facade = Facade::recorder(&registry);
    metrics::with_local_recorder(&facade, count);
    registry
}

fn value(registry: &Registry, family: &str, labels: &[(&str, &str)]) -> Option<f64> {
    registry.snapshot().value(family, labels)
}

#[test]
fn counters_count_up_and_catch_up() {
    let registry = counted(|| {
        counter!("jobs").increment(2);
        counter!("jobs").increment(3);
        counter!("read").absolute(7);
        counter!("read").absolute(4);
        let _idle = counter!("idle");
    });
    assert_eq!(value(&registry, "jobs_total", &[]), Some(5.0));
    assert_eq!(
        value(&registry, "read_total", &[]),
        Some(7.0),
        "never backwards"
    );
    assert_eq!(
        value(&registry, "idle_total", &[]),
        Some(0.0),
        "the first event is visible"
    );
}

#[test]
fn gauges_move_and_are_absent_until_somebody_knows() {
    let registry = counted(|| {
        let level = gauge!("level");
        level.increment(2.5);
        level.decrement(0.5);
        gauge!("set").set(f64::NEG_INFINITY);
        gauge!("odd").set(f64::NAN);
        let _unknown = gauge!("unknown");
    });
    assert_eq!(value(&registry, "level", &[]), Some(2.0));
    assert_eq!(value(&registry, "set", &[]), Some(f64::NEG_INFINITY));
    assert!(value(&registry, "odd", &[]).unwrap().is_nan());
    assert_eq!(value(&registry, "unknown", &[]), None);
}

#[test]
fn histograms_have_the_bounds_they_were_given() {
    let registry = Registry::new();
    let facade = Facade::builder(&registry)
        .buckets("size.bytes", &[10.0, 100.0])
        .default_buckets(&[1.0])
        .build()
        .unwrap();
    metrics::with_local_recorder(&facade, || {
        for size in [10.0, 10.1, 1e9] {
            histogram!("size.bytes").record(size);
        }
        histogram!("size.bytes").record_many(1.0, 4);
        histogram!("wait").record(0.5);
    });
    let snapshot = registry.snapshot();
    let sample = &snapshot.find("size_bytes", &[]).unwrap().sample;
    let Sample::Histogram {
        bounds,
        buckets,
        sum,
        ..
    } = sample
    else {
        panic!("{sample:?}");
    };
    assert_eq!(
        (&**bounds, &**buckets),
        (&[10.0, 100.0][..], &[5, 1, 1][..]),
        "a bound is inclusive"
    );
    assert_eq!(*sum, 10.0 + 10.1 + 1e9 + 4.0);
    assert!(registry.render().contains("wait_bucket{le=\"1.0\"} 1\n"));

    let refused = Facade::builder(&registry).buckets("x", &[2.0, 1.0]).build();
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidConfig);
}

#[test]
fn observations_that_make_no_sense_are_refused_and_counted() {
    let registry = counted(|| {
        let wait = histogram!("wait");
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            wait.record(odd);
        }
        wait.record_many(f64::MAX, 2);
        wait.record(1.0);
        let level = gauge!("level");
        level.set(1.0);
        level.increment(f64::NAN);
        level.decrement(f64::INFINITY);
    });
    let faults = registry.faults();
    let of = |family: &str| faults.iter().find(|(name, _)| name == family).unwrap().1;
    assert_eq!(
        (of("wait").nan, of("wait").infinite, of("wait").negative),
        (1, 3, 1)
    );
    assert_eq!((of("level").nan, of("level").infinite), (1, 1));
    assert_eq!(value(&registry, "wait", &[]), Some(1.0));
    assert!(registry.render().contains("wait_sum 1\n"));
    assert_eq!(value(&registry, "level", &[]), Some(1.0));
}

#[test]
fn names_that_would_be_shown_as_one_never_merge() {
    let registry = counted(|| {
        counter!("coll.a").increment(5);
        counter!("coll_a").increment(7);
        counter!("coll_a_total").increment(11);
        gauge!("coll.a").set(13.0);
        gauge!("wait_sum").set(1.0);
        histogram!("wait").record(1.0);
    });
    let snapshot = registry.snapshot();
    let families: Vec<&str> = snapshot.families().map(|(name, _)| name).collect();
    assert_eq!(families, ["coll_a_total", "wait_sum"], "whoever came first");
    assert_eq!(snapshot.value("coll_a_total", &[]), Some(5.0));
    assert_eq!(registry.refusals(), 4);
}

#[test]
fn names_of_the_catalog_stay_the_catalogs() {
    let registry = Registry::new();
    let api = registry.register::<ApiMetrics>().unwrap();
    let facade = Facade::recorder(&registry);
    metrics::with_local_recorder(&facade, || {
        counter!("novacron_api_requests_total").increment(99);
        histogram!("novacron_api_request_duration_seconds").record(99.0);
    });
    assert_eq!(
        registry.snapshot().sum("novacron_api_requests_total", &[]),
        0.0
    );
    assert_eq!(registry.refusals(), 2);
    drop(api);
}

#[test]
fn refusals_and_folds_show_up_in_our_own_metrics() {
    let telemetry = Telemetry::builder("acme", "1.0.0").build().unwrap();
    let registry = telemetry.registry();
    let facade = Facade::builder(registry).max_series(1).build().unwrap();
    metrics::with_local_recorder(&facade, || {
        counter!("novacron_api_requests_total").increment(1);
        for user in ["a", "b", "c"] {
            counter!("logins", "user" => user).increment(1);
        }
    });
    let snapshot = registry.snapshot();
    let errors = "novacron_telemetry_internal_errors_total";
    assert_eq!(snapshot.value(errors, &[("site", "registry")]), Some(1.0));
    let overflow = "novacron_telemetry_series_overflow_total";
    assert_eq!(
        snapshot.value(overflow, &[("metric", "logins_total")]),
        Some(2.0)
    );
}

#[test]
fn the_same_labels_in_another_order_are_the_same_series() {
    let registry = counted(|| {
        counter!("x", "a" => "1", "b" => "2").increment(1);
        counter!("x", "b" => "2", "a" => "1").increment(1);
        counter!("x", "b" => "2", "a" => "1", "c" => "").increment(1);
    });
    assert_eq!(
        value(&registry, "x_total", &[("a", "1"), ("b", "2")]),
        Some(3.0)
    );
}

#[test]
fn labels_of_the_target_get_the_name_that_prometheus_gives_them() {
    let registry = Registry::builder().const_label("component", "api").build();
    let facade = Facade::recorder(&registry);
    metrics::with_local_recorder(&facade, || {
        counter!("x", "job" => "mail", "component" => "queue").increment(1);
    });
    let line = "x_total{component=\"api\",exported_component=\"queue\",exported_job=\"mail\"} 1\n";
    assert!(registry.render().contains(line), "{}", registry.render());
}

#[test]
fn labels_that_cannot_be_shown_refuse_the_handle() {
    let registry = counted(|| {
        counter!("x", "ok" => "1", "user.id" => "1").increment(1);
        counter!("x", "le" => "1").increment(1);
        counter!("x", "__name__" => "y").increment(1);
        counter!("x", "a" => "1", "a" => "2").increment(1);
        counter!("x", "a.b" => "1", "a_b" => "2").increment(1);
        counter!("x", "ok" => "1", "user_id" => "1").increment(1);
        let many: Vec<(String, &str)> = (0..33).map(|n| (format!("l{n}"), "v")).collect();
        counter!("x", &many).increment(1);
    });
    assert_eq!(registry.snapshot().series("x_total").len(), 1);
    assert_eq!(
        value(&registry, "x_total", &[("ok", "1"), ("user_id", "1")]),
        Some(1.0)
    );
    assert_eq!(registry.refusals(), 6);
}

#[test]
fn hostile_texts_come_out_as_one_line_each() {
    let long = "x".repeat(1 << 20);
    let texts = [
        "a\"b",
        "a\\\"b",
        "\\",
        "\n",
        "\"} 1\n",
        "\u{1b}[2J",
        &long,
        "",
        "ü\u{2028}",
    ];
    let registry = counted(|| {
        for text in texts {
            counter!("hostile", "text" => text.to_owned()).increment(1);
        }
        counter!(long.clone()).increment(1);
        counter!("").increment(1);
        describe_counter!("hostile", "two\nlines \\ and \u{7}");
    });
    let text = registry.render();
    let samples = support::samples(&text);
    assert_eq!(samples.len(), texts.len(), "{text}");
    assert!(text.len() < 4096, "long values are cut");
    assert_eq!(registry.refusals(), 2);
}

#[test]
fn descriptions_hold_before_and_after_the_first_use() {
    #[derive(Default)]
    struct Heads(Vec<(String, String, Unit)>);
    impl Visitor for Heads {
        fn family(&mut self, head: &Head<'_>, _: bool) {
            self.0
                .push((head.name.to_owned(), head.help.to_owned(), head.unit));
        }
        fn series(&mut self, _: Labels<'_>, _: Value<'_>) -> Flow {
            Flow::Continue
        }
    }
    let registry = counted(|| {
        describe_counter!("a", metrics::Unit::Bytes, "Before.");
        counter!("a").increment(1);
        histogram!("b").record(1.0);
        describe_histogram!("b", metrics::Unit::Milliseconds, "After.");
        describe_histogram!("b", metrics::Unit::Seconds, "Again.");
        describe_gauge!("c", "Never used.");
        counter!("d.e").increment(1);
    });
    let mut heads = Heads::default();
    registry.visit(&mut heads);
    let expected = [
        ("a_total", "Before.", Unit::Bytes),
        ("b", "After.", Unit::Of("milliseconds")),
        (
            "d_e_total",
            "Recorded as d.e through the metrics facade.",
            Unit::None,
        ),
    ];
    let expected = expected.map(|(name, help, unit)| (name.to_owned(), help.to_owned(), unit));
    assert_eq!(heads.0, expected, "and no name changed with its unit");
}

#[test]
fn past_the_cap_the_widest_label_folds_and_sums_stay_true() {
    let registry = Registry::new();
    let facade = Facade::builder(&registry).max_series(100).build().unwrap();
    metrics::with_local_recorder(&facade, || {
        for user in 0..10_000u32 {
            let method = if user % 2 == 0 { "GET" } else { "PUT" };
            counter!("requests", "method" => method, "user" => user.to_string()).increment(1);
        }
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.series("requests_total").len(), 102);
    assert_eq!(
        snapshot.sum("requests_total", &[("method", "GET")]),
        5_000.0,
        "its own label stays"
    );
    assert_eq!(
        snapshot.sum("requests_total", &[("user", "__other__")]),
        9_900.0
    );
    assert_eq!(registry.faults()[0].1.overflow, 9_900);
}

#[test]
fn past_every_cap_there_is_one_series_for_the_rest() {
    let registry = Registry::new();
    let facade = Facade::builder(&registry)
        .max_series(10)
        .max_families(3)
        .max_series_total(15)
        .build()
        .unwrap();
    metrics::with_local_recorder(&facade, || {
        for n in 0..1_000u32 {
            let (a, b) = (n.to_string(), (n * 7).to_string());
            counter!("wide", "a" => a.clone(), "b" => b.clone()).increment(1);
            counter!("names", format!("label_{n}") => "x").increment(1);
            counter!("plain").increment(1);
            counter!(format!("family_{n}")).increment(1);
        }
    });
    let snapshot = registry.snapshot();
    let families: Vec<&str> = snapshot.families().map(|(name, _)| name).collect();
    assert_eq!(families, ["names_total", "plain_total", "wide_total"]);
    for family in families {
        assert_eq!(snapshot.sum(family, &[]), 1_000.0, "{family}");
        assert!(snapshot.series(family).len() <= 10 + 66, "{family}");
    }
    assert_eq!(registry.refusals(), 1_000, "names past the cap");
}

#[test]
fn handles_count_from_many_threads_and_nothing_is_lost() {
    let registry = Registry::new();
    let facade = Facade::recorder(&registry);
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let facade = &facade;
            scope.spawn(move || {
                metrics::with_local_recorder(facade, || {
                    for n in 0..20_000u64 {
                        counter!("n", "digit" => (n % 10).to_string()).increment(1);
                        gauge!("level").increment(1.0);
                        histogram!("size").record((n % 3) as f64 + thread as f64);
                    }
                });
            });
        }
        let reading = scope.spawn(|| {
            (0..50)
                .map(|_| registry.snapshot().sum("n_total", &[]))
                .collect::<Vec<_>>()
        });
        let sums = reading.join().unwrap();
        assert!(sums.is_sorted(), "a counter never falls: {sums:?}");
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.sum("n_total", &[]), 80_000.0);
    assert_eq!(snapshot.value("n_total", &[("digit", "7")]), Some(8_000.0));
    assert_eq!(snapshot.value("level", &[]), Some(80_000.0));
    assert_eq!(snapshot.value("size", &[]), Some(80_000.0));
}

#[test]
fn a_walk_that_pauses_shows_every_series_once() {
    #[derive(Default)]
    struct Slow(Vec<String>);
    impl Visitor for Slow {
        fn family(&mut self, _: &Head<'_>, _: bool) {}
        fn series(&mut self, labels: Labels<'_>, _: Value<'_>) -> Flow {
            self.0.push(labels.fragments.join(","));
            Flow::Pause
        }
    }
    let registry = counted(|| {
        for n in 0..200 {
            counter!("n", "n" => n.to_string()).increment(1);
        }
    });
    let mut slow = Slow::default();
    let mut walk = registry.walk();
    while walk.step(&mut slow) {}
    let expected: Vec<String> = (0..200).map(|n| format!("n=\"{n}\"")).collect();
    assert_eq!(slow.0, expected);
}

/// Counts through the facade whenever something is logged.
struct Logging(Facade, Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Logging {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                self.0 += &format!("{field}={value:?} ");
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        metrics::with_local_recorder(&self.0, || {
            counter!("log.events", "no" => self.1.lock().unwrap().len().to_string()).increment(1);
        });
        self.1.lock().unwrap().push(text.0);
    }
}

#[test]
fn a_refusal_is_logged_once_and_the_log_may_count_through_us() {
    let registry = Registry::new();
    Catalog::register(&registry, Groups::CORE).unwrap();
    let facade = Facade::builder(&registry).max_families(4).build().unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    let logging = Logging(facade.clone(), Arc::clone(&said));
    tracing::subscriber::with_default(logging, || {
        metrics::with_local_recorder(&facade, || {
            for _ in 0..10 {
                gauge!("novacron_vms_total").set(1.0);
                counter!("x", "le" => "1").increment(1);
                counter!("past_1").increment(1);
                counter!("past_2").increment(1);
                counter!("past_3").increment(1);
            }
        });
    });
    let said = said.lock().unwrap();
    let about = |text: &str| said.iter().filter(|line| line.contains(text)).count();
    assert_eq!(about("metric=novacron_vms_total "), 1, "{said:#?}");
    assert_eq!(about("metric=x_total "), 1, "{said:#?}");
    assert_eq!(about("past the limit"), 1, "{said:#?}");
    assert_eq!(said.len(), 3, "{said:#?}");
    assert_eq!(registry.snapshot().sum("log_events_total", &[]), 3.0);
}
