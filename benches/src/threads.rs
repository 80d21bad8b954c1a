//! Two threads at once: started together, each on a CPU of its own, and counted only if both were
//! really running side by side.
//!
//! Without that check, a busy machine runs the two one after the other and contention vanishes
//! from the figures.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use crate::measure::{Settings, Timing, median, nanoseconds};

/// The CPU time of the calling thread.
#[derive(Clone, Copy, Debug)]
pub struct CpuClock(Duration);

impl CpuClock {
    /// Reads the clock.
    #[must_use]
    pub fn start() -> Self {
        Self(Self::now())
    }

    /// The part of `wall` in which the thread was on a CPU since the start.
    #[must_use]
    pub fn share_of(self, wall: Duration) -> f64 {
        (Self::now() - self.0).as_secs_f64() / wall.as_secs_f64().max(1e-9)
    }

    fn now() -> Duration {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(
            time.tv_sec.unsigned_abs(),
            u32::try_from(time.tv_nsec).unwrap_or(0),
        )
    }
}

/// One that takes part: `run(thread, n)` does the work `n` times on thread 0 or 1.
#[allow(missing_debug_implementations, reason = "it holds a closure")]
pub struct Pair {
    name: &'static str,
    run: Arc<dyn Fn(usize, u64) + Send + Sync>,
    tidy: Option<Box<dyn FnMut()>>,
}

impl Pair {
    /// See [`Pair`].
    pub fn new(name: &'static str, run: impl Fn(usize, u64) + Send + Sync + 'static) -> Self {
        Self {
            name,
            run: Arc::new(run),
            tidy: None,
        }
    }

    /// What is to be done after each sample, while no clock runs.
    #[must_use]
    pub fn tidy(mut self, tidy: impl FnMut() + 'static) -> Self {
        self.tidy = Some(Box::new(tidy));
        self
    }
}

/// Times all pairs in turn: nanoseconds for one piece of work as each of the two threads sees it.
/// `None` where the machine never let both run at once.
pub fn compare(settings: &Settings, pairs: &mut [Pair]) -> Vec<(&'static str, Option<Timing>)> {
    let cpus = two_cpus();
    let sizes: Vec<u64> = pairs
        .iter()
        .map(|pair| calibrate(pair, cpus, settings.sample))
        .collect();
    let mut medians = vec![Vec::new(); pairs.len()];
    for _ in 0..settings.rounds {
        let mut samples = vec![Vec::new(); pairs.len()];
        // Most attempts fail on a busy machine, so there are more of them than samples.
        for _ in 0..settings.samples * 6 {
            for ((pair, size), samples) in pairs.iter_mut().zip(&sizes).zip(&mut samples) {
                if samples.len() < settings.samples {
                    samples.extend(side_by_side(pair, *size, cpus));
                    if let Some(tidy) = &mut pair.tidy {
                        tidy();
                    }
                }
            }
        }
        for (medians, mut samples) in medians.iter_mut().zip(samples) {
            if samples.len() >= settings.samples.div_ceil(4) {
                medians.push(median(&mut samples));
            }
        }
    }
    pairs
        .iter()
        .zip(medians)
        .map(|(pair, mut medians)| {
            let best = medians.iter().copied().reduce(f64::min);
            let timing = best.map(|best| Timing {
                best,
                typical: median(&mut medians),
            });
            (pair.name, timing)
        })
        .collect()
}

/// One sample, if it counts.
fn side_by_side(pair: &Pair, n: u64, cpus: Option<[usize; 2]>) -> Option<f64> {
    let spans = run_both(pair, n, cpus);
    let longest = spans.iter().map(|s| s.end - s.start).max()?;
    let start = spans.iter().map(|s| s.start).max()?;
    let end = spans.iter().map(|s| s.end).min()?;
    let together = end.checked_duration_since(start)?;
    let both_ran = spans.iter().all(|span| span.share >= 0.97);
    (both_ran && together.as_secs_f64() >= 0.8 * longest.as_secs_f64()).then(|| {
        let sum: f64 = spans.iter().map(|s| nanoseconds(s.end - s.start)).sum();
        sum / 2.0 / n as f64
    })
}

struct Span {
    start: Instant,
    end: Instant,
    share: f64,
}

fn run_both(pair: &Pair, n: u64, cpus: Option<[usize; 2]>) -> [Span; 2] {
    let here = Arc::new(Barrier::new(2));
    let ready = Arc::new(AtomicUsize::new(0));
    let threads = [0, 1].map(|thread| {
        let (run, here, ready) = (Arc::clone(&pair.run), Arc::clone(&here), Arc::clone(&ready));
        std::thread::spawn(move || {
            if let Some(cpus) = cpus {
                pin(cpus[thread]);
            }
            // What a thread does once, such as taking its cells, is not part of the sample.
            run(thread, n / 10 + 1);
            here.wait();
            // Sleepers wake at different times: the last few microseconds are spent spinning.
            ready.fetch_add(1, Ordering::AcqRel);
            while ready.load(Ordering::Acquire) < 2 {
                std::hint::spin_loop();
            }
            let clock = CpuClock::start();
            let start = Instant::now();
            run(thread, n);
            let end = Instant::now();
            Span {
                start,
                end,
                share: clock.share_of(end - start),
            }
        })
    });
    threads.map(|thread| thread.join().expect("the work does not panic"))
}

fn calibrate(pair: &Pair, cpus: Option<[usize; 2]>, sample: Duration) -> u64 {
    let mut size = 1u64;
    loop {
        // The shorter thread of the shorter of two: a pause would make the work look long.
        let taken = [(); 2]
            .iter()
            .flat_map(|()| run_both(pair, size, cpus))
            .map(|span| nanoseconds(span.end - span.start))
            .fold(f64::INFINITY, f64::min);
        let sample = nanoseconds(sample);
        if taken >= sample / 4.0 || size >= 1 << 30 {
            let each = taken / size as f64;
            return ((sample / each.max(0.01)) as u64).max(1);
        }
        size *= 4;
    }
}

/// The first two CPUs this process may use.
fn two_cpus() -> Option<[usize; 2]> {
    let set = sched_getaffinity(None).ok()?;
    let mut allowed = (0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu));
    Some([allowed.next()?, allowed.next()?])
}

/// Pins the calling thread. Where the kernel refuses, the check on CPU time still holds.
fn pin(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu);
    let _ = sched_setaffinity(None, &set);
}
