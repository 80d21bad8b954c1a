//! The end: once, bounded, and honest about what was left.

use std::sync::atomic::Ordering;

use super::Telemetry;
use crate::record::uninstall;

/// What was flushed at shutdown, and what was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flushed {
    /// Families that the last exposition would show. They are lost with the process unless somebody
    /// scrapes before it ends: metrics are pulled.
    pub families: usize,
    /// Requests that were still in flight.
    pub requests_in_flight: u64,
}

impl Telemetry {
    /// Ends it: free verbs and attributes become silent, the scrape endpoint goes on answering with
    /// what was counted until the host stops serving it.
    ///
    /// Metrics are pulled, so there is nothing to push and nothing to wait for; a second call
    /// returns the same.
    pub fn shutdown(&self) -> Flushed {
        uninstall(&self.0.recorder);
        self.0.shut_down.store(true, Ordering::Relaxed);
        let snapshot = self.0.registry.snapshot();
        Flushed {
            families: snapshot.families().count(),
            requests_in_flight: snapshot.sum("novacron_api_requests_in_flight", &[]) as u64,
        }
    }
}
