//! Many requests, many names, many increments: nothing is lost, nothing is counted twice, and what
//! strangers choose does not grow.

#[cfg(feature = "http")]
mod requests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use novacron_telemetry::Registry;
use novacron_telemetry::metric::Counter;
use novacron_telemetry::prelude::MetricGroup;

#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "acme")]
struct Acme {
    /// Increments.
    increments_total: Counter,
}

/// A thousand million where the compiler optimises, as in `cargo test --release load`. Elsewhere
/// each takes a hundred times as long, and a fiftieth must do.
const INCREMENTS: u64 = if cfg!(debug_assertions) {
    20_000_000
} else {
    1_000_000_000
};

#[test]
fn no_increment_is_lost_by_threads_that_come_and_go_while_somebody_scrapes() {
    const GENERATIONS: u64 = 16;
    const THREADS: u64 = 4;
    const EACH: u64 = INCREMENTS / (GENERATIONS * THREADS);
    let registry = Registry::new();
    let acme: Acme = registry.register().unwrap();
    let stop = AtomicBool::new(false);
    let (scrapes, most) = thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            let (mut scrapes, mut last) = (0u64, 0.0);
            while !stop.load(Ordering::Acquire) {
                let now = registry
                    .snapshot()
                    .value("acme_increments_total", &[])
                    .unwrap();
                assert!(now >= last, "a counter fell from {last} to {now}");
                last = now;
                scrapes += 1;
            }
            (scrapes, last)
        });
        for _ in 0..GENERATIONS {
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        for _ in 0..EACH {
                            acme.increments_total.inc();
                        }
                    });
                }
            });
        }
        stop.store(true, Ordering::Release);
        scraper.join().unwrap()
    });
    let total = EACH * GENERATIONS * THREADS;
    assert_eq!(total, INCREMENTS, "it comes out even");
    assert!(scrapes > 0 && most <= total as f64);
    assert_eq!(acme.increments_total.get(), total);
    assert_eq!(
        registry.snapshot().value("acme_increments_total", &[]),
        Some(total as f64)
    );
}
