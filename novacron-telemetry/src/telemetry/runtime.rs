//! The async runtime of the host, from tokio's own counters.

use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::Telemetry;

/// How often the probe task asks to be woken.
const PROBE: Duration = Duration::from_millis(500);

impl Telemetry {
    /// Shows workers, tasks and busy time of this runtime from now on, and how late it wakes a
    /// probe task that sleeps half a second at a time.
    ///
    /// The probe ends when the last clone of this `Telemetry` is dropped. A runtime whose clock is
    /// paused or switched off gets no probe: the task would be all it ever ran.
    pub fn watch_runtime(&self, runtime: &Handle) {
        let metrics = self.recorder().catalog().process.clone();
        let handle = runtime.clone();
        let lag = metrics.runtime_poll_lag_seconds.clone();
        self.registry().before_scrape(move || {
            let runtime = handle.metrics();
            let workers = runtime.num_workers();
            metrics.runtime_workers.set(workers as f64);
            metrics
                .runtime_tasks_alive
                .set(runtime.num_alive_tasks() as f64);
            let busy: Duration = (0..workers)
                .map(|worker| runtime.worker_total_busy_duration(worker))
                .sum();
            metrics.runtime_busy_seconds_total.set(busy.as_secs_f64());
        });
        let alive = self.registry().downgrade();
        runtime.spawn(async move {
            while alive.upgrade().is_some() {
                let asleep = Instant::now();
                tokio::time::sleep(PROBE).await;
                lag.observe(asleep.elapsed().saturating_sub(PROBE));
            }
        });
    }
}
