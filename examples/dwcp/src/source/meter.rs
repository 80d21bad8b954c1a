//! Measures the link while pages go over it: how fast, how full, as expected or not.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use novacron_telemetry::{
    catalog::{
        Severity,
        dwcp::{AnomalyMetric, DwcpComponent, DwcpOperation},
        migration::MigrationPhase,
    },
    record::{
        self, Forecast, Migration, update_dwcp_bandwidth, update_dwcp_component_health,
        update_dwcp_delta_hits, update_dwcp_prediction_accuracy,
    },
};
use tokio::time::{MissedTickBehavior, interval};

use super::{Journal, lane::Queue, predict::Predictor};
use crate::{encode::Work, memory::Memory, progress::Progress};

/// What the link did lately.
#[derive(Debug)]
pub(super) struct Meter {
    link: String,
    capacity: Option<u64>,
    predictor: Mutex<Predictor>,
    /// The current round; `None` before the first.
    queue: Mutex<Option<Arc<Queue>>>,
}

impl Meter {
    pub(super) fn new(link: String, capacity: Option<u64>) -> Self {
        Self {
            link,
            capacity,
            predictor: Mutex::default(),
            queue: Mutex::default(),
        }
    }

    /// A round of copying begins.
    pub(super) fn round(&self, queue: &Arc<Queue>) {
        *self.queue() = Some(Arc::clone(queue));
    }

    /// Bytes that are still to be copied, as far as one can know now.
    fn remaining(&self, memory: &Memory) -> u64 {
        match &*self.queue() {
            Some(queue) => queue.left() + memory.dirty_bytes(),
            None => memory.bytes(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Option<Arc<Queue>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Measures until it is dropped.
    pub(super) async fn run(
        &self,
        journal: &Journal,
        memory: &Memory,
        progress: &Progress,
    ) -> Infallible {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = (Instant::now(), journal.sent_bytes(), 0);
        loop {
            ticks.tick().await;
            let copied = journal.encoded_so_far().total().original;
            let now = (Instant::now(), journal.sent_bytes(), copied);
            let seconds = now.0.duration_since(last.0).as_secs_f64();
            if seconds <= 0.0 {
                continue;
            }
            let rate = (now.1 - last.1) as f64 / seconds;
            let copy_rate = (now.2 - last.2) as f64 / seconds;
            last = now;
            let moving = matches!(
                journal.phase(),
                MigrationPhase::PreCopy | MigrationPhase::Downtime
            );
            let rate = moving.then(|| self.measured(rate, journal)).flatten();
            let remaining = self.remaining(memory);
            progress.show(remaining, rate, moving.then(|| eta(remaining, copy_rate)));
        }
    }

    /// Learns from a rate; returns the one expected next.
    fn measured(&self, rate: f64, journal: &Journal) -> Option<f64> {
        let begun = Instant::now();
        let mut predictor = self
            .predictor
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let judgement = predictor.learn(rate);
        let expected = predictor.expected();
        drop(predictor);
        let recorder = record::current();
        recorder.dwcp_operation(
            DwcpComponent::Pba,
            DwcpOperation::Prediction,
            None,
            begun.elapsed(),
        );
        if let Some(judgement) = judgement {
            update_dwcp_prediction_accuracy(journal.mode().as_str(), judgement.accuracy);
            let good = judgement.accuracy >= 0.5;
            update_dwcp_component_health("pba", if good { "healthy" } else { "degraded" });
            if judgement.odd {
                recorder.dwcp_anomaly(AnomalyMetric::Bandwidth, Severity::Warning);
            }
        }
        if let Some(capacity) = self.capacity {
            // Bytes are counted when they are handed over, so a short look may see a little more
            // than the link carries.
            let percent = (rate / capacity as f64 * 100.0).min(100.0);
            update_dwcp_bandwidth(&self.link, percent);
        }
        let works = journal.encoded_so_far();
        let Work { pages, .. } = works.total();
        if pages > 0 {
            update_dwcp_delta_hits(works.deltas() as f64 / pages as f64);
        }
        expected
    }
}

/// When the guest can be paused, by how fast it is copied now and how fast it dirtied pages in the
/// last round; before there was one, when this round is over.
fn eta(remaining: u64, copy_rate: f64) -> Option<Duration> {
    let told = Migration::current().forecast();
    let forecast = Forecast {
        bandwidth: (copy_rate > 0.0).then_some(copy_rate),
        remaining_bytes: Some(remaining),
        ..told?
    };
    match forecast.converges() {
        Some(_) => forecast.eta(),
        None => forecast.switch_over(),
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        // Nothing goes over the link any more.
        if self.capacity.is_some() {
            update_dwcp_bandwidth(&self.link, 0.0);
        }
    }
}

const TICK: Duration = Duration::from_millis(100);
