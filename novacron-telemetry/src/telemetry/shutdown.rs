//! The end: once, bounded, and honest about what was left.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Telemetry, off_thread};
use crate::catalog::{Method, MethodLabels};
use crate::error::{Error, ErrorKind, Result};
use crate::record::uninstall;

/// What was flushed at shutdown, and what was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flushed {
    /// Families of the catalog that a last scrape would show. They are lost with the process unless
    /// somebody scrapes before it ends: metrics are pulled.
    pub families: usize,
    /// Requests that were still in flight.
    pub requests_in_flight: u64,
    /// Collectors that were still reading: their threads end when they come back.
    pub collectors_stuck: usize,
    /// Whether the thread of the health checks is still there, because a check on it blocks.
    pub health_stuck: bool,
    /// Log lines that were written while it waited, of the log that it was given.
    pub log_lines: u64,
    /// Log lines that were refused, or not written when the deadline passed.
    pub log_lines_lost: u64,
    /// Answers of listeners of its own that were cut in the middle.
    pub answers_cut: usize,
    /// What became of the spans that waited.
    #[cfg(feature = "otlp")]
    pub spans: crate::traces::SpansFlushed,
}

impl Telemetry {
    /// Ends it within the deadline.
    ///
    /// Probes are told that the service is not ready, free verbs and attributes become silent, and
    /// what waits to be sent is sent. A scrape endpoint in the host's server goes on answering with what
    /// was counted until the host stops serving it; a listener of its own gives its port back once the
    /// scrapes that are under way are answered. A second call is fine, and so are two at once.
    ///
    /// The work is done on a thread of its own, so this neither needs a particular runtime nor holds
    /// up the one that awaits it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ShutdownTimedOut`] if the deadline had passed when it was done. It is done all
    /// the same.
    pub async fn shutdown(&self, deadline: Duration) -> Result<Flushed> {
        let telemetry = self.clone();
        off_thread::run(move || telemetry.shutdown_blocking(deadline)).await
    }

    /// As [`shutdown`](Self::shutdown), for programs without a runtime.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_blocking(&self, deadline: Duration) -> Result<Flushed> {
        let begun = Instant::now();
        #[cfg(feature = "health")]
        self.0.health.drain();
        uninstall(&self.0.recorder);
        self.0.shut_down.store(true, Ordering::Relaxed);
        // First: what they read last is in the last scrape.
        let collectors_stuck = self.0.sampler.stop(rest_of(deadline, begun) / 4);
        #[cfg(feature = "otlp")]
        let spans = self.shut_traces_down(rest_of(deadline, begun));
        #[cfg_attr(
            not(feature = "logs"),
            expect(unused_mut, reason = "there are no lines")
        )]
        let mut flushed = Flushed {
            families: self.0.registry.descriptors().len(),
            requests_in_flight: self.requests_in_flight(),
            collectors_stuck,
            health_stuck: self.health_stuck(deadline.saturating_sub(begun.elapsed())),
            answers_cut: self.answers_cut(rest_of(deadline, begun)),
            #[cfg(feature = "otlp")]
            spans,
            ..Flushed::default()
        };
        // Last: what went before may have had something to say.
        #[cfg(feature = "logs")]
        if let Some(logs) = &self.0.logs {
            let lines = logs.flush(rest_of(deadline, begun));
            (flushed.log_lines, flushed.log_lines_lost) = (lines.written, lines.lost);
        }
        if begun.elapsed() > deadline {
            return Err(Error::new(
                ErrorKind::ShutdownTimedOut,
                format!("{deadline:?} were not enough"),
            ));
        }
        Ok(flushed)
    }

    #[cfg(feature = "health")]
    fn health_stuck(&self, deadline: Duration) -> bool {
        !self.0.health.stop(deadline)
    }

    #[cfg(not(feature = "health"))]
    #[expect(clippy::unused_self, reason = "its twin asks the health checks")]
    fn health_stuck(&self, _: Duration) -> bool {
        false
    }

    #[cfg(feature = "listener")]
    fn answers_cut(&self, deadline: Duration) -> usize {
        self.close_listeners(deadline)
    }

    #[cfg(not(feature = "listener"))]
    #[expect(clippy::unused_self, reason = "its twin asks the listeners")]
    fn answers_cut(&self, _: Duration) -> usize {
        0
    }

    fn requests_in_flight(&self) -> u64 {
        let in_flight = &self.0.recorder.catalog().api.requests_in_flight;
        Method::ALL
            .iter()
            .map(|method| in_flight.with(&MethodLabels { method: *method }).get())
            .sum::<i64>()
            .max(0)
            .cast_unsigned()
    }
}

/// What is left of a deadline for something that may use all of it, so that what is left of it
/// afterwards suffices to say what was lost.
fn rest_of(deadline: Duration, begun: Instant) -> Duration {
    const AFTERWARDS: Duration = Duration::from_millis(50);
    let rest = deadline.saturating_sub(begun.elapsed());
    rest.saturating_sub(AFTERWARDS.min(rest / 10))
}
