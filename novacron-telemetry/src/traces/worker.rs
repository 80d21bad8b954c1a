//! The exporter's thread: takes batches, sends them, tries again, and keeps the books.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::encode::{Resource, request};
use super::queue::Queue;
use super::quiet;
use super::transport::{Failure, Transport};
use crate::catalog::exporter::{DropReason, ResultLabels, Signal, SignalLabels, Site, SiteLabels};
use crate::catalog::{CallResult, ExporterMetrics};
use crate::context::FinishedSpan;
use crate::context::clock::Anchor;
use crate::context::random_u32;

/// See the module.
pub(super) struct Worker {
    queue: Arc<Queue>,
    transport: Box<dyn Transport>,
    resource: Resource,
    own: ExporterMetrics,
    endpoint: String,
    /// How long one call may take.
    timeout: Duration,
    /// Calls that failed one after the other, of those that are tried again.
    failures: u32,
    /// How long the next call has to wait.
    stay_away: Option<Duration>,
    failing: bool,
    said: Option<Instant>,
}

/// How often a batch is sent before it is given up.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Failures are reported no more often than this.
const SILENCE: Duration = Duration::from_secs(60);

impl Worker {
    pub(super) fn new(
        queue: Arc<Queue>,
        transport: Box<dyn Transport>,
        resource: Resource,
        own: ExporterMetrics,
        endpoint: String,
        timeout: Duration,
    ) -> Self {
        Self {
            queue,
            transport,
            resource,
            own,
            endpoint,
            timeout,
            failures: 0,
            stay_away: None,
            failing: false,
            said: None,
        }
    }

    pub(super) fn run(mut self) {
        quiet::mark();
        let mut anchor = Anchor::now();
        while let Some(batch) = self.queue.next() {
            anchor.follow();
            let mut rest = &batch[..];
            while !rest.is_empty() {
                let (body, count) = request(&self.resource, &anchor, rest);
                let (now, later) = rest.split_at(count);
                rest = later;
                // The host's own code runs in here: its subscriber hears of failures.
                let sent = catch_unwind(AssertUnwindSafe(|| self.deliver(&body, now)));
                if sent.is_err() {
                    let site = Site::Traces;
                    self.own
                        .telemetry_internal_errors_total
                        .inc(&SiteLabels { site });
                    self.queue.settle(0, count as u64, DropReason::ExportError);
                }
            }
        }
    }

    /// Sends a batch until it is taken or given up.
    fn deliver(&mut self, body: &[u8], spans: &[FinishedSpan]) {
        let count = spans.len() as u64;
        let mut attempt = 1;
        let (lost, reason) = loop {
            let failure = match self.call(body) {
                Ok(rejected) => break (rejected.min(count), DropReason::ExportError),
                Err(failure) => failure,
            };
            // Whoever shuts down does not wait for a collector to come back.
            let again = attempt < ATTEMPTS && self.queue.closing().is_none();
            match failure {
                Failure::Again(..) if again => attempt += 1,
                Failure::TooLarge => break (count, DropReason::TooLarge),
                Failure::Again(..) | Failure::Refused(_) | Failure::TimedOut => {
                    break (count, DropReason::ExportError);
                }
            }
        };
        self.count(CallResult::Success, count - lost);
        self.count(CallResult::Failure, lost);
        self.queue.settle(count - lost, lost, reason);
    }

    /// One call, not before the time that the last one left.
    fn call(&mut self, body: &[u8]) -> Result<u64, Failure> {
        if let Some(pause) = self.stay_away.take() {
            self.queue.pause(pause);
        }
        let begun = Instant::now();
        let mut deadline = begun + self.timeout;
        if let Some(closing) = self.queue.closing() {
            deadline = deadline.min(closing);
        }
        let called = self.transport.send(body, deadline);
        self.own
            .traces_export_duration_seconds
            .observe(begun.elapsed());
        match called {
            Ok(accepted) => {
                self.works();
                Ok(accepted.rejected)
            }
            Err(failure) => {
                self.fails(&failure);
                Err(failure)
            }
        }
    }

    fn works(&mut self) {
        self.failures = 0;
        if self.failing {
            self.failing = false;
            tracing::info!(endpoint = %self.endpoint, "traces are exported again");
        }
    }

    fn fails(&mut self, failure: &Failure) {
        let signal = Signal::Traces;
        self.own
            .telemetry_errors_total
            .inc(&SignalLabels { signal });
        if let Failure::Again(_, after) = failure {
            self.failures += 1;
            self.stay_away = Some(after.unwrap_or_else(|| pause(self.failures)));
        }
        // Once until it works again, and not each time that it hardly does.
        let lately = self.said.is_some_and(|said| said.elapsed() < SILENCE);
        if !self.failing && !lately {
            self.failing = true;
            self.said = Some(Instant::now());
            tracing::warn!(
                endpoint = %self.endpoint,
                error = %failure,
                "traces cannot be exported; spans wait, and those for which there is no room are \
                 lost"
            );
        }
    }

    fn count(&self, result: CallResult, spans: u64) {
        let exported = &self.own.traces_exported_total;
        exported.inc_by(&ResultLabels { result }, spans);
    }
}

/// Twice as long after each failure, and not the same for everybody whose collector went away.
fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let jitter = f64::from(random_u32()) / f64::from(u32::MAX);
    doubled.min(LONGEST_PAUSE).mul_f64(1.0 + jitter / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_differ_and_end() {
        let mut seen = std::collections::HashSet::new();
        for failures in [0, 1, 2, 3, 10, u32::MAX] {
            let pause = pause(failures);
            assert!(pause >= FIRST_PAUSE && pause <= LONGEST_PAUSE.mul_f64(1.5));
            seen.insert(pause);
        }
        assert!(seen.len() > 3, "{seen:?}");
        assert!(pause(3) >= FIRST_PAUSE * 4);
    }
}
