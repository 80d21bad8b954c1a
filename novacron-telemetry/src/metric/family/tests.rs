use std::sync::Arc;

use crate::label::{LabelSet, LabelValue, OTHER};
use crate::metric::{Counter, Family, Gauge, Histogram, UpDownGauge};
use crate::registry::{MetricGroup, Registry};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
enum Kind {
    A,
    B,
    C,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 3)]
struct Name(Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Closed {
    kind: Kind,
    flag: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Open {
    kind: Kind,
    name: Name,
    place: Option<Name>,
}

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "t")]
struct Group {
    /// Closed labels.
    closed_total: Family<Closed, Counter>,
    /// Open labels.
    open_total: Family<Open, Counter>,
    /// In flight.
    busy: Family<Closed, UpDownGauge>,
    /// Set.
    level: Family<Open, Gauge>,
    /// Observed.
    #[metric(buckets = &[1.0, 2.0], joined)]
    size: Family<Open, Histogram>,
    /// Observed too.
    #[metric(joined)]
    seen_total: Family<Open, Counter>,
    /// Alone.
    alone_total: Counter,
}

fn group() -> (Registry, Group) {
    let registry = Registry::new();
    let group = registry.register::<Group>().unwrap();
    (registry, group)
}

fn open(name: &str) -> OpenRef<'_> {
    OpenRef {
        kind: Kind::A,
        name,
        place: None,
    }
}

#[test]
fn closed_series_are_there_from_the_start() {
    let (registry, group) = group();
    let snapshot = registry.snapshot();
    assert_eq!(
        snapshot.series("t_closed_total").len(),
        9,
        "three kinds; a flag, or none"
    );
    assert_eq!(
        snapshot.value("t_closed_total", &[("kind", "b")]),
        Some(0.0)
    );
    group.closed_total.inc(&Closed {
        kind: Kind::C,
        flag: Some(true),
    });
    let snapshot = registry.snapshot();
    assert_eq!(
        snapshot.value("t_closed_total", &[("kind", "c"), ("flag", "true")]),
        Some(1.0)
    );
    assert_eq!(snapshot.sum("t_closed_total", &[]), 1.0);
}

#[test]
fn past_the_cap_only_that_label_overflows_and_the_sum_stays_true() {
    let (registry, group) = group();
    for n in 0..1000 {
        let name = format!("n{}", n % 100);
        let kind = [Kind::A, Kind::B, Kind::C][n % 3];
        group.open_total.inc(&OpenRef {
            kind,
            name: &name,
            place: Some("here"),
        });
    }
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.sum("t_open_total", &[]), 1000.0);
    assert_eq!(snapshot.sum("t_open_total", &[("kind", "a")]), 334.0);
    assert_eq!(snapshot.sum("t_open_total", &[("place", "here")]), 1000.0);
    assert_eq!(snapshot.sum("t_open_total", &[("name", OTHER)]), 970.0);
    assert!(snapshot.series("t_open_total").len() <= 3 * 4);
    assert_eq!(registry.faults()[0].1.overflow, 970);
}

#[test]
fn an_empty_label_is_an_absent_one() {
    let (registry, group) = group();
    group.open_total.inc(&OpenRef {
        kind: Kind::A,
        name: "x",
        place: Some(""),
    });
    group.open_total.inc(&OpenRef {
        kind: Kind::A,
        name: "x",
        place: None,
    });
    assert_eq!(
        registry
            .snapshot()
            .value("t_open_total", &[("kind", "a"), ("name", "x")]),
        Some(2.0)
    );
}

#[test]
fn a_gauge_is_absent_until_it_is_known() {
    let (registry, group) = group();
    group.level.touch(&open("x"));
    assert!(registry.snapshot().series("t_level").is_empty());
    group.level.set(&open("x"), 0.0);
    assert_eq!(registry.snapshot().series("t_level").len(), 1);
    group.level.set(&open("x"), f64::NAN);
    assert!(
        registry.snapshot().series("t_level")[0]
            .sample
            .value()
            .is_nan()
    );
    group.level.with(&open("x")).clear();
    assert!(registry.snapshot().series("t_level").is_empty());
}

#[test]
fn joined_families_share_one_look_up() {
    let (registry, group) = group();
    let row = group.size.row(&open("x"));
    group.size.observe_at(row, 1.5);
    group.seen_total.at(row).inc();
    group.open_total.at(row).inc();
    let snapshot = registry.snapshot();
    assert_eq!(
        snapshot.value("t_size", &[("kind", "a"), ("name", "x")]),
        Some(1.0)
    );
    assert_eq!(snapshot.sum("t_seen_total", &[]), 1.0);
    assert_eq!(
        snapshot.sum("t_open_total", &[]),
        0.0,
        "not joined, so the row is not its own"
    );
}

#[test]
fn a_guard_counts_down_however_it_ends() {
    let (_, group) = group();
    let key = Closed {
        kind: Kind::A,
        flag: None,
    };
    let guard = group.busy.guard(&key);
    assert_eq!(group.busy.with(&key).get(), 1);
    let moved = std::thread::spawn(move || drop(guard));
    moved.join().unwrap();
    assert_eq!(group.busy.with(&key).get(), 0);
}

#[test]
fn what_cannot_be_observed_is_refused_and_counted() {
    let (registry, group) = group();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
        group.size.observe(&open("x"), bad);
    }
    group.size.observe(&open("x"), -0.0);
    let faults = registry.faults()[0].1;
    assert_eq!((faults.nan, faults.infinite, faults.negative), (1, 2, 1));
    assert_eq!(registry.snapshot().sum("t_size", &[]), 1.0);
}

#[test]
fn hostile_texts_become_series_that_stay_apart() {
    let (registry, group) = group();
    let long = "x".repeat(1 << 20);
    for text in ["a\"b", "a\\\"b", long.as_str()] {
        group.open_total.inc(&open(text));
        group.open_total.inc(&open(text));
    }
    let snapshot = registry.snapshot();
    let series = snapshot.series("t_open_total");
    assert_eq!(series.len(), 3);
    assert!(series.iter().all(|series| series.sample.value() == 2.0));
    assert!(series.iter().any(|series| series.has("name", "a\\\"b")));
}

#[test]
fn many_threads_making_the_same_series_make_one() {
    let (registry, group) = group();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for n in 0..1000 {
                    group.open_total.inc(&open(&format!("n{}", n % 3)));
                }
            });
        }
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.series("t_open_total").len(), 3);
    assert_eq!(snapshot.sum("t_open_total", &[]), 16_000.0);
}

#[test]
fn the_limit_of_a_family_folds_all_open_labels() {
    let registry = Registry::builder().max_series(2).build();
    let group = registry.register::<Group>().unwrap();
    for name in ["a", "b", "c"] {
        group.open_total.inc(&open(name));
    }
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.sum("t_open_total", &[]), 3.0);
    assert_eq!(snapshot.sum("t_open_total", &[("name", OTHER)]), 1.0);
}

#[test]
fn a_silent_family_can_be_called() {
    let group = Group::noop();
    group.open_total.inc(&open("x"));
    group.size.observe_at(group.size.row(&open("x")), 1.0);
    group.level.set(&open("x"), 1.0);
    drop(group.busy.guard(&Closed {
        kind: Kind::A,
        flag: None,
    }));
    group.alone_total.inc();
    assert_eq!(group.alone_total.get(), 0);
}

#[test]
fn handles_of_a_second_registration_are_the_same() {
    let (registry, group) = group();
    let again = registry.register::<Group>().unwrap();
    group.alone_total.inc();
    again.alone_total.inc();
    assert_eq!(group.alone_total.get(), 2);
    assert_eq!(group.open_total.len(), again.open_total.len());
}

#[test]
fn who_knows_all_gauges_takes_the_others_away() {
    let (registry, group) = group();
    group
        .level
        .replace_all([(open("a"), 1.0), (open("b"), 2.0)]);
    group
        .level
        .replace_all([(open("b"), 3.0), (open("c"), 4.0)]);
    let text = registry.render();
    let shown: Vec<&str> = text.lines().filter(|l| l.starts_with("t_level{")).collect();
    assert_eq!(
        shown,
        [
            "t_level{kind=\"a\",name=\"b\"} 3",
            "t_level{kind=\"a\",name=\"c\"} 4"
        ]
    );
    group.level.replace_all::<OpenRef<'_>>([]);
    assert!(!registry.render().contains("t_level{"));
}

#[test]
fn what_was_counted_elsewhere_is_added_to_its_buckets() {
    let (registry, group) = group();
    let size = group.size.with(&open("a"));
    size.observe(0.5);
    size.merge(&[1, 2, 3], 20.5);
    assert_eq!(size.get(), (7, 21.0));
    let text = registry.render();
    for line in ["le=\"1.0\"} 2", "le=\"2.0\"} 4", "le=\"+Inf\"} 7"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Other buckets, or no sum, are not these observations.
    size.merge(&[1, 2], 1.0);
    size.merge(&[1, 2, 3], f64::NAN);
    size.merge(&[1, 2, 3], -1.0);
    assert_eq!(size.get(), (7, 21.0));
}
