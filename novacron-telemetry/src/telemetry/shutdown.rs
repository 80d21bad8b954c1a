//! The end: once, bounded, and honest about what was left.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Telemetry;
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
}

impl Telemetry {
    /// Ends it within the deadline: free verbs and attributes become silent, the scrape endpoint
    /// goes on answering with what was counted until the host stops serving it. A second call is
    /// fine.
    ///
    /// Metrics are pulled, so nothing has to be sent and today nothing waits; the deadline is for
    /// what will be flushed here.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ShutdownTimedOut`] if the deadline had passed when it was done. It is done all
    /// the same.
    #[expect(
        clippy::unused_async,
        reason = "spans and log lines are flushed here, and their flush is awaited"
    )]
    pub async fn shutdown(&self, deadline: Duration) -> Result<Flushed> {
        self.shutdown_blocking(deadline)
    }

    /// As [`shutdown`](Self::shutdown), for programs without a runtime.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_blocking(&self, deadline: Duration) -> Result<Flushed> {
        let begun = Instant::now();
        uninstall(&self.0.recorder);
        self.0.shut_down.store(true, Ordering::Relaxed);
        let in_flight = &self.0.recorder.catalog().api.requests_in_flight;
        let flushed = Flushed {
            families: self.0.registry.descriptors().len(),
            requests_in_flight: Method::ALL
                .iter()
                .map(|method| in_flight.with(&MethodLabels { method: *method }).get())
                .sum::<i64>()
                .max(0)
                .cast_unsigned(),
        };
        if begun.elapsed() > deadline {
            return Err(Error::new(
                ErrorKind::ShutdownTimedOut,
                format!("{deadline:?} were not enough"),
            ));
        }
        Ok(flushed)
    }
}
