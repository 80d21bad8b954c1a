//! How a time is taken: many short samples, taken in turn, and the best round's median.
//!
//! Contenders take turns sample by sample, so that whatever else the machine does falls on all of
//! them alike. A sample during which the thread was off its CPU is thrown away while enough others
//! remain. Noise only ever adds, so of the medians of all rounds the smallest is reported.

use std::time::{Duration, Instant};

use crate::threads::CpuClock;

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long one sample lasts.
    pub sample: Duration,
    /// Samples of each contender in one round.
    pub samples: usize,
    /// Rounds.
    pub rounds: usize,
    /// Whether this is only to see that everything runs.
    pub quick: bool,
}

impl Settings {
    /// For figures.
    #[must_use]
    pub fn full() -> Self {
        Self {
            sample: Duration::from_millis(1),
            samples: 31,
            rounds: 5,
            quick: false,
        }
    }

    /// To see that everything runs; the figures mean nothing.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            sample: Duration::from_micros(20),
            samples: 3,
            rounds: 1,
            quick: true,
        }
    }
}

/// One that takes part.
#[allow(missing_debug_implementations, reason = "it is a pair of closures")]
pub struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut(u64) + 'a>,
    tidy: Option<Box<dyn FnMut() + 'a>>,
}

impl<'a> Contender<'a> {
    /// `run(n)` does the work `n` times.
    ///
    /// The loop is inside, so the call through the box is paid once a sample.
    pub fn new(name: &'static str, run: impl FnMut(u64) + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
            tidy: None,
        }
    }

    /// What is to be done after each sample, while no clock runs.
    #[must_use]
    pub fn tidy(mut self, tidy: impl FnMut() + 'a) -> Self {
        self.tidy = Some(Box::new(tidy));
        self
    }

    /// The name in the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Does the work `n` times.
    pub fn run(&mut self, n: u64) {
        (self.run)(n);
    }

    /// Times one sample of `n` and says whether the thread kept its CPU.
    fn sample(&mut self, n: u64) -> (Duration, bool) {
        let clock = CpuClock::start();
        let start = Instant::now();
        (self.run)(n);
        let taken = start.elapsed();
        let whole = clock.share_of(taken) >= 0.97;
        if let Some(tidy) = &mut self.tidy {
            tidy();
        }
        (taken, whole)
    }
}

/// Nanoseconds for one piece of work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// The smallest median of a round.
    pub best: f64,
    /// The median of the medians of all rounds: how far it lies above `best` tells how restless
    /// the machine was.
    pub typical: f64,
}

/// Times all contenders, in turn; the result is in their order.
pub fn compare(
    settings: &Settings,
    contenders: &mut [Contender<'_>],
) -> Vec<(&'static str, Timing)> {
    let sizes: Vec<u64> = contenders
        .iter_mut()
        .map(|contender| calibrate(contender, settings.sample))
        .collect();
    let mut medians = vec![Vec::new(); contenders.len()];
    for _ in 0..settings.rounds {
        let mut samples = vec![(Vec::new(), Vec::new()); contenders.len()];
        for _ in 0..settings.samples {
            for ((contender, size), (whole, all)) in
                contenders.iter_mut().zip(&sizes).zip(&mut samples)
            {
                // The others have just run: this brings caches and predictors back.
                contender.run(size / 10);
                let (taken, undisturbed) = contender.sample(*size);
                let each = nanoseconds(taken) / *size as f64;
                all.push(each);
                if undisturbed {
                    whole.push(each);
                }
            }
        }
        for (medians, (mut whole, mut all)) in medians.iter_mut().zip(samples) {
            let enough = whole.len() >= settings.samples / 3;
            medians.push(median(if enough { &mut whole } else { &mut all }));
        }
    }
    contenders
        .iter()
        .zip(medians)
        .map(|(contender, mut medians)| {
            let best = medians.iter().copied().fold(f64::INFINITY, f64::min);
            let typical = median(&mut medians);
            (contender.name, Timing { best, typical })
        })
        .collect()
}

/// How many times the work fits in one sample. Doubling until it is seen also warms up.
fn calibrate(contender: &mut Contender<'_>, sample: Duration) -> u64 {
    let mut size = 1u64;
    loop {
        // The shortest of three: a pause of the machine would make the work look long.
        let taken = (0..3).map(|_| contender.sample(size).0).min();
        let taken = nanoseconds(taken.unwrap_or_default());
        let sample = nanoseconds(sample);
        if taken >= sample / 4.0 || size >= 1 << 30 {
            let each = taken / size as f64;
            return ((sample / each.max(0.01)) as u64).max(1);
        }
        size *= 2;
    }
}

/// The middle value; 0 of nothing.
#[must_use]
pub fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// The duration in nanoseconds.
#[must_use]
pub fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&mut []), 0.0);
    }

    #[test]
    fn twice_the_work_takes_about_twice_the_time() {
        let spin = |turns: u64| {
            let mut sum = 0u64;
            for turn in 0..turns {
                sum = std::hint::black_box(sum.wrapping_add(turn));
            }
        };
        let settings = Settings {
            sample: Duration::from_micros(200),
            samples: 15,
            rounds: 3,
            quick: true,
        };
        let times = compare(
            &settings,
            &mut [
                Contender::new("once", |n| spin(n * 500)),
                Contender::new("twice", |n| spin(n * 1_000)),
            ],
        );
        let ratio = times[1].1.best / times[0].1.best;
        assert!((1.3..3.5).contains(&ratio), "ratio {ratio}");
    }
}
