//! What of the facade needs a process of its own: the one recorder there is, and what an allocator
//! saw of a million labels.
#![cfg(feature = "facade")]
#![allow(
    clippy::disallowed_macros,
    reason = "these are the macros that the facade is for"
)]

use metrics::{counter, gauge, histogram};
use novacron_telemetry::facade::Facade;
use novacron_telemetry::{ErrorKind, Registry};

#[test]
fn one_recorder_is_installed_and_the_next_is_told_by_whom() {
    let registry = Registry::new();
    let line = line!() + 1;
    Facade::install(&registry).unwrap();
    counter!("seen", "by" => "everybody").increment(1);
    std::thread::spawn(|| counter!("seen", "by" => "everybody").increment(1))
        .join()
        .unwrap();
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.sum("seen_total", &[]), 2.0);

    let error = Facade::install(&Registry::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyInstalled);
    assert!(
        error.subject().ends_with(&format!("facade.rs:{line}")),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("already installed by a facade at"),
        "{error}"
    );
}

/// Bytes that stay allocated after `work`, and how many allocations it took.
fn left(work: impl FnOnce()) -> (i64, u64) {
    let info = allocation_counter::measure(work);
    (info.bytes_current, info.count_total)
}

const MIB: i64 = 1024 * 1024;

#[test]
fn memory_is_flat_under_a_million_label_values() {
    let registry = Registry::new();
    let facade = Facade::recorder(&registry);
    let count = |values: std::ops::Range<u32>| {
        metrics::with_local_recorder(&facade, || {
            for value in values {
                let value = value.to_string();
                counter!("requests", "method" => "GET", "user" => value).increment(1);
            }
        });
    };
    let (first, _) = left(|| count(0..2_000));
    let (more, _) = left(|| count(2_000..1_002_000));
    assert!(more <= MIB, "{more} B more");
    println!("{first} B until the cap, {more} B for 10^6 values more");
    let snapshot = registry.snapshot();
    assert_eq!(
        snapshot.sum("requests_total", &[("method", "GET")]),
        1_002_000.0
    );
    assert_eq!(snapshot.series("requests_total").len(), 1_001);
}

#[test]
fn memory_is_flat_under_a_hundred_thousand_names() {
    let registry = Registry::new();
    let facade = Facade::recorder(&registry);
    let count = |names: std::ops::Range<u32>| {
        metrics::with_local_recorder(&facade, || {
            for name in names {
                counter!(format!("name_{name}")).increment(1);
                gauge!("long", "value" => "x".repeat(1 + name as usize % 5_000)).set(1.0);
            }
        });
    };
    let (first, _) = left(|| count(0..5_000));
    let (more, _) = left(|| count(5_000..105_000));
    assert!(more <= MIB, "{more} B more");
    println!("{first} B until the cap, {more} B for 100 000 names more");
    assert_eq!(registry.snapshot().families().count(), 1_000);
    assert_eq!(registry.refusals(), 105_000 - 999);
}

#[test]
fn observations_take_no_memory_though_nobody_scrapes() {
    let registry = Registry::new();
    let facade = Facade::recorder(&registry);
    metrics::with_local_recorder(&facade, || {
        let held = histogram!("wait", "queue" => "mail");
        held.record(1.0);
        let (bytes, allocations) = left(|| {
            for n in 0..1_000_000u32 {
                held.record(f64::from(n));
                held.record_many(1.0, 3);
            }
        });
        assert_eq!((bytes, allocations), (0, 0));

        // A key that the macro makes anew is found again without allocating more than the key.
        let labels = [metrics::Label::from_static_parts("queue", "mail")];
        let key = metrics::Key::from_parts("wait", labels.to_vec());
        let here = metrics::Metadata::new("facade", metrics::Level::INFO, None);
        let (bytes, allocations) = left(|| {
            for _ in 0..1_000 {
                metrics::with_recorder(|recorder| {
                    recorder.register_histogram(&key, &here).record(1.0);
                });
            }
        });
        assert_eq!((bytes, allocations), (0, 0));
    });
    assert_eq!(registry.snapshot().sum("wait", &[]), 4_001_001.0);
}
