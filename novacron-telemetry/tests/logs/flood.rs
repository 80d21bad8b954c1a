//! Floods: what is suppressed, dropped and written is what was emitted.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use novacron_telemetry::Telemetry;
use novacron_telemetry::logs::Logs;
use novacron_telemetry::registry::Sample;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{Memory, SOON, log, memory, object};

/// An output that takes nothing until its gate is opened.
#[derive(Clone, Default)]
struct Gate {
    open: Arc<(Mutex<bool>, Condvar)>,
    memory: Memory,
}

impl Gate {
    fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (open, changed) = &*self.open;
        let mut open = open.lock().unwrap();
        while !*open {
            open = changed.wait(open).unwrap();
        }
        drop(open);
        self.memory.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn written_dropped_and_suppressed_are_what_was_emitted() {
    const THREADS: u64 = 4;
    const EACH: u64 = 50_000;
    let gate = Gate::default();
    let logs = Logs::builder("api-server")
        .rate_limit(1_000, 5_000)
        .queue_bytes(64 * 1024)
        .writer(gate.clone())
        .build()
        .unwrap();
    let telemetry = Telemetry::builder("api-server", "1")
        .logs(&logs)
        .build()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(logs.layer());
    let dispatch = tracing::Dispatch::new(subscriber);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    for at in 0..EACH {
                        if at % 2 == 0 {
                            tracing::info!(at, "one place");
                        } else {
                            tracing::warn!(at, "another place");
                        }
                    }
                });
            });
        }
        // Half of it while the output takes nothing.
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            gate.open();
        });
    });
    assert_eq!(logs.flush(SOON).lost, 0);
    let counts = logs.counts();
    let text = gate.memory.text();
    let own = text
        .lines()
        .map(object)
        .filter(|line| line.contains_key("suppressed") || line.contains_key("dropped"));
    let own: Vec<_> = own.collect();
    assert_eq!(counts.waiting, 0);
    assert_eq!(counts.emitted, THREADS * EACH + own.len() as u64);
    assert_eq!(
        counts.written + counts.dropped() + counts.suppressed,
        counts.emitted
    );
    assert_eq!(text.lines().count() as u64, counts.written);
    assert!(counts.suppressed > 0 && counts.queue_full > 0, "{counts:?}");
    // Everything that is missing was said.
    let said = |key: &str| {
        own.iter()
            .filter_map(|line| line.get(key)?.as_u64())
            .sum::<u64>()
    };
    assert_eq!(said("suppressed"), counts.suppressed);
    assert_eq!(said("dropped"), counts.queue_full);

    // And all three are metrics.
    let shown = telemetry.registry().snapshot();
    let sum = |name: &str, labels: &[(&str, &str)]| {
        let series = shown.series(name);
        assert!(!series.is_empty(), "{name}");
        let mut sum = 0;
        for level in ["error", "warn", "info", "debug", "trace"] {
            let labels: Vec<_> = match labels {
                [] => vec![("level", level)],
                given if level == "info" => given.to_vec(),
                _ => continue,
            };
            if let Some(series) = shown.find(name, &labels)
                && let Sample::Counter(count) = series.sample
            {
                sum += count;
            }
        }
        sum
    };
    assert_eq!(sum("novacron_log_events_total", &[]), counts.written);
    assert_eq!(sum("novacron_log_suppressed_total", &[]), counts.suppressed);
    let dropped = [("signal", "logs"), ("reason", "queue_full")];
    assert_eq!(
        sum("novacron_telemetry_dropped_total", &dropped),
        counts.queue_full
    );
}

#[test]
fn repeated_lines_are_suppressed_place_by_place_and_said() {
    let (logs, memory) = memory(|builder| builder.rate_limit(1, 10));
    log(&logs, || {
        for at in 0..100 {
            tracing::info!(at, "loud");
        }
        for at in 0..5 {
            tracing::info!(at, "quiet");
        }
        for at in 0..50 {
            tracing::info!(target: "novacron::access", at, "one for each request");
        }
    });
    let text = memory.text();
    let with = |word: &str| text.matches(&format!("\"message\":\"{word}\"")).count();
    let loud = with("loud");
    assert!((10..=20).contains(&loud), "{loud}");
    assert_eq!(with("quiet"), 5);
    assert_eq!(with("one for each request"), 50);
    let said: u64 = text
        .lines()
        .filter_map(|line| object(line).get("suppressed")?.as_u64())
        .sum();
    assert_eq!(said + loud as u64, 100);
}

#[test]
fn a_place_that_falls_silent_is_told_of_within_seconds() {
    let (logs, memory) = memory(|builder| builder.rate_limit(1, 1));
    let subscriber = tracing_subscriber::registry().with(logs.layer());
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..10 {
            tracing::info!("loud");
        }
    });
    // Without a flush: the log's own thread comes to it.
    crate::support::eventually("it is told", || {
        memory.text().contains("suppressed 9 lines")
    });
}

#[test]
fn a_line_that_can_never_fit_is_dropped_as_such() {
    let (logs, memory) = memory(|builder| builder.queue_bytes(1_000));
    let subscriber = tracing_subscriber::registry().with(logs.layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(long = "x".repeat(2_000));
        tracing::info!("short");
    });
    logs.flush(SOON);
    assert_eq!(logs.counts().too_large, 1);
    let text = memory.text();
    assert!(text.contains("short") && !text.contains("xxx"), "{text}");
}

/// What the slowest of many lines costs whoever logs, with an output that takes everything and with
/// one that takes nothing. The bound is generous: it is there to tell waiting from not waiting.
#[test]
fn a_stalled_output_does_not_make_anybody_wait() {
    let measure = |gate: &Gate| {
        let logs = Logs::builder("api-server")
            .rate_limit(0, 0)
            .queue_bytes(256 * 1024)
            .writer(gate.clone())
            .build()
            .unwrap();
        let subscriber = tracing_subscriber::registry().with(logs.layer());
        let mut times: Vec<Duration> = tracing::subscriber::with_default(subscriber, || {
            (0..100_000)
                .map(|at| {
                    let begun = Instant::now();
                    tracing::info!(at, endpoint = "/api/v1/vms", "answered");
                    begun.elapsed()
                })
                .collect()
        });
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        (at(0.5), at(0.99), at(0.999), logs)
    };
    let open = Gate::default();
    open.open();
    let (p50, p99, p999, _logs) = measure(&open);
    println!("undisturbed: p50 {p50:?}, p99 {p99:?}, p999 {p999:?}");
    let stalled = Gate::default();
    let (p50, p99, p999, logs) = measure(&stalled);
    println!("stalled:     p50 {p50:?}, p99 {p99:?}, p999 {p999:?}");
    assert!(p99 < Duration::from_millis(20), "{p99:?}");
    let counts = logs.counts();
    assert!(counts.queue_full > 0);
    let deadline = Duration::from_millis(50);
    let begun = Instant::now();
    let flushed = logs.flush(deadline);
    assert!(begun.elapsed() >= deadline && begun.elapsed() < SOON);
    assert_eq!((flushed.written, flushed.lost), (0, counts.waiting));
    stalled.open();
    assert_eq!(logs.flush(SOON).lost, 0);
    let counts = logs.counts();
    assert_eq!(counts.written + counts.dropped(), counts.emitted);
}
