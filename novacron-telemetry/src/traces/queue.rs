//! Where spans wait for the exporter: bounded, and never waited for.
//!
//! Spans of kept traces wait in line, and when the line is full the newcomer is lost. Rescued ones
//! wait in a ring of their own, where the oldest gives way: what went wrong last matters most, and a
//! flood of good spans must not push it out.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalog::ExporterMetrics;
use crate::catalog::exporter::{DropLabels, DropReason, Signal};
use crate::context::{FinishedSpan, SpanSink};
use crate::sync::{Condvar, Mutex, MutexGuard};

/// What became of spans that were handed over.
///
/// Counted from the call that returned it on; what was lost before is in
/// `novacron_telemetry_dropped_total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpansFlushed {
    /// The collector has them.
    pub exported: u64,
    /// They are lost: the collector refused them, or was not there.
    pub lost: u64,
    /// They still wait. Always 0 after a shutdown, where what waited is lost.
    pub waiting: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// The exporter waits here.
    work: Condvar,
    /// Those who flush wait here.
    settled: Condvar,
    room: Room,
    own: ExporterMetrics,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) line: usize,
    pub(super) ring: usize,
    pub(super) batch: usize,
    pub(super) interval: Duration,
}

#[derive(Debug, Default)]
struct State {
    line: Vec<FinishedSpan>,
    ring: VecDeque<FinishedSpan>,
    books: Books,
    /// Everything accepted up to this number is to go out at once.
    hurry: u64,
    closing: Option<Instant>,
    abandoned: bool,
}

/// Of the spans that were accepted: `accepted = exported + lost + waiting + in flight`.
#[derive(Clone, Copy, Debug, Default)]
struct Books {
    accepted: u64,
    exported: u64,
    lost: u64,
}

impl Books {
    fn settled(&self) -> u64 {
        self.exported + self.lost
    }
}

impl Queue {
    pub(super) fn new(room: Room, own: ExporterMetrics) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::default()),
            work: Condvar::new(),
            settled: Condvar::new(),
            room,
            own,
        })
    }

    /// How many spans wait.
    pub(super) fn len(&self) -> usize {
        let state = self.state.lock();
        state.line.len() + state.ring.len()
    }

    /// The next spans to export, the rescued ones first: when there are enough, when the first has
    /// waited long enough, or when somebody is in a hurry. `None` when it is closed and empty.
    pub(super) fn next(&self) -> Option<Vec<FinishedSpan>> {
        let mut state = self.state.lock();
        let mut since = None;
        loop {
            let waiting = state.line.len() + state.ring.len();
            if waiting == 0 {
                if state.closing.is_some() {
                    return None;
                }
                since = None;
                state = self.work.wait(state);
                continue;
            }
            let since = *since.get_or_insert_with(Instant::now);
            let passed = since.elapsed();
            let hurry = state.closing.is_some() || state.hurry > state.books.settled();
            if hurry || waiting >= self.room.batch || passed >= self.room.interval {
                return Some(self.take_batch(&mut state));
            }
            state = self.work.wait_timeout(state, self.room.interval - passed);
        }
    }

    fn take_batch(&self, state: &mut State) -> Vec<FinishedSpan> {
        let rescued = state.ring.len().min(self.room.batch);
        let mut batch: Vec<_> = state.ring.drain(..rescued).collect();
        let rest = self.room.batch - rescued;
        if batch.is_empty() && state.line.len() <= rest {
            // The usual case: an exchange of two pointers.
            return mem::replace(&mut state.line, Vec::with_capacity(self.room.batch));
        }
        let first = rest.min(state.line.len());
        batch.extend(state.line.drain(..first));
        batch
    }

    /// Notes what became of spans that were taken.
    pub(super) fn settle(&self, exported: u64, lost: u64, why: DropReason) {
        let mut state = self.state.lock();
        // They were written off when the time was up.
        if state.abandoned {
            return;
        }
        state.books.exported += exported;
        state.books.lost += lost;
        drop(state);
        self.count_lost(why, lost);
        self.settled.notify_all();
    }

    /// Waits between two attempts: until the time is up, somebody is in a hurry, or it is closed.
    pub(super) fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut state = self.state.lock();
        let hurry = state.hurry;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.closing.is_some() || state.hurry != hurry {
                return;
            }
            state = self.work.wait_timeout(state, left);
        }
    }

    /// The moment at which nobody waits any more, once it is closed.
    pub(super) fn closing(&self) -> Option<Instant> {
        self.state.lock().closing
    }

    /// Sends everything that waits, and waits for it until the deadline.
    pub(super) fn flush(&self, deadline: Duration) -> SpansFlushed {
        let until = deadline_in(deadline);
        let mut state = self.state.lock();
        let before = state.books;
        let goal = before.accepted;
        state.hurry = state.hurry.max(goal);
        self.work.notify_all();
        let state = self.wait_until_settled(state, goal, until);
        report(before, state.books, goal)
    }

    /// Takes nothing more, sends what waits until the deadline, and writes the rest off.
    pub(super) fn close(&self, deadline: Duration) -> SpansFlushed {
        let until = deadline_in(deadline);
        let mut state = self.state.lock();
        let before = state.books;
        let goal = before.accepted;
        state.closing.get_or_insert(until);
        self.work.notify_all();
        let mut state = self.wait_until_settled(state, goal, until);
        let left = goal.saturating_sub(state.books.settled());
        if left > 0 {
            state.abandoned = true;
            state.books.lost += left;
        }
        let after = state.books;
        let waiting = (mem::take(&mut state.line), mem::take(&mut state.ring));
        drop(state);
        drop(waiting);
        self.count_lost(DropReason::Shutdown, left);
        self.settled.notify_all();
        report(before, after, goal)
    }

    /// Takes nothing more, and lets the exporter send what waits without anybody waiting for it.
    pub(super) fn leave(&self, deadline: Duration) {
        self.state
            .lock()
            .closing
            .get_or_insert(deadline_in(deadline));
        self.work.notify_all();
    }

    fn wait_until_settled<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        goal: u64,
        until: Instant,
    ) -> MutexGuard<'a, State> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.books.settled() >= goal || left.is_zero() {
                return state;
            }
            state = self.settled.wait_timeout(state, left);
        }
    }

    #[cold]
    fn count_lost(&self, reason: DropReason, lost: u64) {
        if lost > 0 {
            let signal = Signal::Traces;
            let dropped = &self.own.telemetry_dropped_total;
            dropped.inc_by(&DropLabels { signal, reason }, lost);
        }
    }
}

impl SpanSink for Queue {
    fn take(&self, span: FinishedSpan) {
        let mut state = self.state.lock();
        if state.closing.is_some() {
            drop(state);
            return self.count_lost(DropReason::Shutdown, 1);
        }
        // What gives way is dropped without the lock.
        let lost = if span.rescued().is_some() {
            let oldest = (state.ring.len() >= self.room.ring).then(|| state.ring.pop_front());
            state.books.accepted += 1;
            state.books.lost += u64::from(oldest.is_some());
            state.ring.push_back(span);
            oldest.flatten()
        } else if state.line.len() < self.room.line {
            state.books.accepted += 1;
            state.line.push(span);
            None
        } else {
            Some(span)
        };
        let waiting = state.line.len() + state.ring.len();
        drop(state);
        // The first one sets the exporter's clock, and a full batch ends its wait.
        if waiting == 1 || waiting == self.room.batch {
            self.work.notify_one();
        }
        if lost.is_some() {
            self.count_lost(DropReason::QueueFull, 1);
        }
    }
}

/// A deadline that no clock can show is as good as none.
fn deadline_in(deadline: Duration) -> Instant {
    const AGES: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + deadline.min(AGES)
}

fn report(before: Books, after: Books, goal: u64) -> SpansFlushed {
    SpansFlushed {
        exported: after.exported - before.exported,
        lost: after.lost - before.lost,
        waiting: goal.saturating_sub(after.settled()),
    }
}
