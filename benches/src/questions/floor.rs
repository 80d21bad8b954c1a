//! What does the machine itself need for the steps that recording is made of?

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

use crate::measure::{self, Contender, Settings};
use crate::report::{Row, Unit};
use crate::threads::{self, Pair};
use crate::work::{BOUNDS, Work};

const PART: &str = "floor";

/// All rows; each stands for itself.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    let mut rows: Vec<Row> = measure::compare(settings, &mut steps())
        .into_iter()
        .map(|(name, time)| Row::new(PART, name, Unit::Nanoseconds, Some(time.best)))
        .collect();
    for (name, time) in threads::compare(settings, &mut shared()) {
        let time = time.map(|time| time.best);
        rows.push(Row::new(PART, name, Unit::Nanoseconds, time));
    }
    rows
}

thread_local! {
    static OWN: Cell<u64> = const { Cell::new(0) };
}

fn steps() -> Vec<Contender<'static>> {
    let (mut at, work) = (0, Work::mixed());
    let atomic = AtomicU64::new(0);
    let single = AtomicU64::new(0);
    let mutex = Mutex::new(0u64);
    let rwlock = RwLock::new(0u64);
    let hasher = RandomState::new();
    let clock = quanta::Clock::new();
    let labels = Work::mixed();
    let mut page = Vec::with_capacity(1 << 20);
    let mut text = String::with_capacity(64);
    vec![
        Contender::new("an empty loop", |n| {
            for turn in 0..n {
                black_box(turn);
            }
        }),
        Contender::new("thread-local += 1", |n| {
            for _ in 0..n {
                OWN.with(|own| own.set(black_box(own.get() + 1)));
            }
        }),
        Contender::new("atomic load, add, store (one writer)", move |n| {
            let cell = black_box(&single);
            for _ in 0..n {
                cell.store(
                    black_box(cell.load(Ordering::Relaxed)) + 1,
                    Ordering::Relaxed,
                );
            }
        }),
        Contender::new("atomic fetch_add", move |n| {
            for _ in 0..n {
                black_box(&atomic).fetch_add(1, Ordering::Relaxed);
            }
        }),
        Contender::new("Mutex: lock, add, unlock", move |n| {
            for _ in 0..n {
                if let Ok(mut value) = black_box(&mutex).lock() {
                    *value += 1;
                }
            }
        }),
        Contender::new("RwLock: read, unlock", move |n| {
            for _ in 0..n {
                black_box(black_box(&rwlock).read().map_or(0, |value| *value));
            }
        }),
        Contender::new("search of 11 bounds", move |n| {
            for _ in 0..n {
                let seconds = work.request(at).seconds;
                black_box(BOUNDS.iter().filter(|bound| **bound < seconds).count());
                at += 1;
            }
        }),
        Contender::new("SipHash of 3 labels", move |n| {
            for at in 0..n {
                let request = labels.request(at);
                black_box(hasher.hash_one((
                    request.method.as_str(),
                    request.endpoint.as_str(),
                    request.status.as_u16(),
                )));
            }
        }),
        Contender::new("malloc and free of 24 bytes", |n| {
            for _ in 0..n {
                black_box(Box::new([0u64; 3]));
            }
        }),
        Contender::new("Instant::now", |n| {
            for _ in 0..n {
                black_box(Instant::now());
            }
        }),
        Contender::new("quanta::Clock::raw", move |n| {
            for _ in 0..n {
                black_box(clock.raw());
            }
        }),
        Contender::new("u64 to text with write!", move |n| {
            use std::fmt::Write as _;
            for turn in 0..n {
                text.clear();
                let _ = write!(text, "{}", black_box(turn + 100_000));
            }
        }),
        Contender::new("copy of 1 MiB", move |n| {
            let source = vec![1u8; 1 << 20];
            for _ in 0..n {
                page.clear();
                page.extend_from_slice(black_box(&source));
                black_box(&page);
            }
        }),
    ]
}

/// A counter on a cache line of its own; two lines, because CPUs fetch neighbours in pairs.
#[repr(align(128))]
struct Apart(AtomicU64);

fn shared() -> Vec<Pair> {
    let one = Arc::new(Apart(AtomicU64::new(0)));
    let cells = [Apart(AtomicU64::new(0)), Apart(AtomicU64::new(0))];
    vec![
        Pair::new("2 threads: fetch_add on one cell", move |_, n| {
            for _ in 0..n {
                black_box(&one).0.fetch_add(1, Ordering::Relaxed);
            }
        }),
        Pair::new(
            "2 threads: load, add, store, a cell each",
            move |thread, n| {
                let cell = black_box(&cells[thread].0);
                for _ in 0..n {
                    cell.store(
                        black_box(cell.load(Ordering::Relaxed)) + 1,
                        Ordering::Relaxed,
                    );
                }
            },
        ),
    ]
}
