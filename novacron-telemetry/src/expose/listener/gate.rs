//! Who is let in, and who makes room for others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use tokio::task::AbortHandle;

use super::ListenerMetrics;
use super::options::ListenerLimits;
use super::phase::Phase;
use crate::sync::Mutex;

/// The connections there are.
///
/// When there is no place left, the connection that has been waited for longest is closed: for the
/// head of a request, for the next request, or for a reader that does not read. Who asks at once and
/// reads at once is therefore served, however many others hold connections open, and from wherever.
#[derive(Debug)]
pub(super) struct Gate {
    entries: Mutex<Entries>,
    limits: ListenerLimits,
    metrics: ListenerMetrics,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    open: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    source: IpAddr,
    phase: Phase,
    task: Option<AbortHandle>,
}

/// Which entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket(u64);

impl Gate {
    pub(super) fn new(limits: ListenerLimits, metrics: ListenerMetrics) -> Self {
        Self {
            entries: Mutex::default(),
            limits,
            metrics,
        }
    }

    /// A place for a connection from this source; `None` if every place is taken by somebody who is
    /// being answered.
    pub(super) fn admit(&self, source: IpAddr) -> Option<(Ticket, Phase)> {
        let mut entries = self.entries.lock();
        let from = |entries: &Entries, source| {
            let of = |entry: &&Entry| entry.source == source;
            entries.open.values().filter(of).count()
        };
        let room = if from(&entries, source) >= self.limits.connections_per_source {
            self.evict(&mut entries, |entry| entry.source == source)
        } else if entries.open.len() >= self.limits.connections {
            // Of whoever has the most: many hands of one source do not push others out.
            let mut counts = HashMap::<_, usize>::new();
            for entry in entries.open.values() {
                *counts.entry(entry.source).or_default() += 1;
            }
            let most = counts.into_iter().max_by_key(|(_, count)| *count);
            let most = most.map(|(source, _)| source);
            self.evict(&mut entries, |entry| Some(entry.source) == most)
                || self.evict(&mut entries, |_| true)
        } else {
            true
        };
        if !room {
            self.metrics.limit.inc();
            return None;
        }
        let ticket = Ticket(entries.next);
        entries.next += 1;
        let phase = Phase::new();
        let entry = Entry {
            source,
            phase: phase.clone(),
            task: None,
        };
        entries.open.insert(ticket.0, entry);
        self.metrics.active.inc();
        Some((ticket, phase))
    }

    /// The task of a connection that was let in.
    pub(super) fn begun(&self, ticket: Ticket, task: AbortHandle) {
        if let Some(entry) = self.entries.lock().open.get_mut(&ticket.0) {
            entry.task = Some(task);
        }
    }

    /// The connection is over.
    pub(super) fn leave(&self, ticket: Ticket) {
        if self.entries.lock().open.remove(&ticket.0).is_some() {
            self.metrics.active.dec();
        }
    }

    /// Closes the connection that has been waited for longest, whoever's it is.
    pub(super) fn evict_any(&self) -> bool {
        self.evict(&mut self.entries.lock(), |_| true)
    }

    /// Closes the answer whose reader does not read for longest.
    pub(super) fn evict_stalled(&self) -> bool {
        let mut entries = self.entries.lock();
        let now = Instant::now();
        let longest = entries
            .open
            .iter()
            .filter_map(|(id, entry)| Some((entry.phase.stalled(now)?, *id)))
            .max();
        longest.is_some_and(|(_, id)| self.close(&mut entries, id))
    }

    fn evict(&self, entries: &mut Entries, which: impl Fn(&Entry) -> bool) -> bool {
        let now = Instant::now();
        let first = entries
            .open
            .iter()
            .filter(|(_, entry)| which(entry))
            .filter_map(|(id, entry)| Some((entry.phase.rank(now)?, *id)))
            // Of two at the same instant, the one that came first.
            .max_by_key(|(rank, id)| (*rank, std::cmp::Reverse(*id)));
        first.is_some_and(|(_, id)| self.close(entries, id))
    }

    fn close(&self, entries: &mut Entries, id: u64) -> bool {
        let Some(entry) = entries.open.remove(&id) else {
            return false;
        };
        entry.phase.reset();
        if let Some(task) = entry.task {
            task.abort();
        }
        self.metrics.active.dec();
        self.metrics.limit.inc();
        true
    }

    pub(super) fn limits(&self) -> &ListenerLimits {
        &self.limits
    }

    pub(super) fn metrics(&self) -> &ListenerMetrics {
        &self.metrics
    }
}
