//! A bandwidth limit that several streams share.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// A bucket of tokens, one per byte, kept as the moment from which on it is full again.
#[derive(Debug)]
pub(crate) struct Limit {
    bytes_per_second: f64,
    /// When everything that was granted so far will have gone out at the permitted rate.
    busy_until: Mutex<Instant>,
}

impl Limit {
    /// At most so many bytes per second.
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: bytes_per_second as f64,
            busy_until: Mutex::new(Instant::now()),
        }
    }

    /// Waits until these bytes may go. Whoever gives up waiting has used them all the same: the
    /// rate stays below the limit, never above.
    pub(crate) async fn take(&self, bytes: u64) {
        let go = self.book(bytes, Instant::now());
        sleep_until(go).await;
    }

    /// When these bytes may go.
    fn book(&self, bytes: u64, now: Instant) -> Instant {
        let needed = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second);
        let mut busy_until = self
            .busy_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // An idle link saves up a little and no more.
        let begins = (*busy_until).max(now.checked_sub(BURST).unwrap_or(now));
        *busy_until = begins + needed;
        *busy_until
    }
}

/// What may go at once after a pause, in time at the permitted rate.
const BURST: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_any_stretch_no_more_goes_than_the_rate_and_one_burst() {
        let limit = Limit::new(1_000_000);
        let start = Instant::now();
        let mut random = fastrand::Rng::with_seed(3);
        let mut now = start;
        let mut granted = Vec::new();
        for _ in 0..1000 {
            // Sometimes idle, mostly pressing.
            if random.u8(..10) == 0 {
                now += Duration::from_millis(random.u64(..100));
            }
            let bytes = random.u64(1..20_000);
            let go = limit.book(bytes, now).max(now);
            granted.push((go, bytes));
            now = now.max(go);
        }
        for (first, (from, _)) in granted.iter().enumerate() {
            let mut sum = 0;
            for (until, bytes) in &granted[first + 1..] {
                sum += bytes;
                let allowed = (until.duration_since(*from) + BURST).as_secs_f64() * 1e6;
                assert!(sum as f64 <= allowed + 1.0, "{sum} of {allowed}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn several_at_once_share_one_rate() {
        let limit = Limit::new(1_000_000);
        let start = Instant::now();
        let one = async {
            for _ in 0..100 {
                limit.take(10_000).await;
            }
        };
        let other = async {
            for _ in 0..100 {
                limit.take(10_000).await;
            }
        };
        tokio::join!(one, other);
        let took = start.elapsed().as_secs_f64();
        assert!((1.97..2.01).contains(&took), "{took} s");
    }
}
