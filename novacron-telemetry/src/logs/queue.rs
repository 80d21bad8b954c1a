//! Lines on their way from those who log to the thread that writes.
//!
//! The lock is held for as long as a line is copied or a list is handed over, never while anything
//! is written. So the longest that somebody who logs can wait is another one's copy.
//!
//! What is bounded is bytes, because a bound on lines bounds nothing; lines are bounded too, because
//! each has a few bytes of book-keeping.

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use super::count::{LEVELS, LogCounts, Totals};
use crate::sync::{Condvar, Mutex, MutexGuard};

/// Lines are kept in pieces of this size: growing one large buffer would copy it under the lock.
const CHUNK: usize = 64 * 1024;
/// Empty pieces that are kept.
const SPARE: usize = 4;

/// Lines, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    /// Where each line ends, and how grave it is.
    pub(super) lines: Vec<(usize, u8)>,
}

impl Chunk {
    pub(super) fn push(&mut self, line: &[u8], rank: usize) {
        self.bytes.extend_from_slice(line);
        self.lines.push((self.bytes.len(), rank as u8));
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// For the writer.
    work: Condvar,
    /// For those who wait for it.
    done: Condvar,
    max_bytes: usize,
    max_lines: usize,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Chunk>,
    spare: Vec<Chunk>,
    /// Of all lines that are not settled, those in the writer's hand included.
    bytes: usize,
    lines: usize,
    totals: Totals,
    /// Whether the writer waits, and wants to be woken by the next line.
    asleep: bool,
    /// Whether it lets lines gather, and wants to be woken when the room gets short.
    lingers: bool,
    orders: Orders,
    /// Flushes that were answered.
    answered: u64,
    ended: bool,
}

/// What the writer is asked to do beside writing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Orders {
    /// Flushes that were asked for, counted.
    pub(super) flushes: u64,
    pub(super) reopen: bool,
    /// There are things to say or to do at some time; look again when that is.
    pub(super) news: bool,
    pub(super) close: bool,
}

/// What the writer finds when it wakes.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) chunks: VecDeque<Chunk>,
    pub(super) orders: Orders,
    /// Whether somebody waits until everything is written.
    pub(super) flush: bool,
    /// Lines that were lost so far.
    pub(super) dropped: u64,
}

/// What a [`flush`](crate::logs::Logs::flush) did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlushedLines {
    /// Lines written while it waited.
    pub written: u64,
    /// Lines that are lost: refused by the output while it waited, or not written when the deadline
    /// passed. The latter are still tried as long as the process lives.
    pub lost: u64,
}

impl Queue {
    pub(super) fn new(max_bytes: usize, max_lines: usize) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
            max_bytes,
            max_lines,
        }
    }

    /// Puts a line in, if there is room.
    pub(super) fn push(&self, line: &[u8], rank: usize) {
        let mut state = self.state.lock();
        state.totals.emitted += 1;
        if state.ended {
            state.totals.left_at_end += 1;
        } else if line.len() > self.max_bytes {
            state.totals.too_large += 1;
        } else if state.bytes + line.len() > self.max_bytes || state.lines >= self.max_lines {
            state.totals.queue_full += 1;
        } else {
            state.put(line, rank);
            if state.asleep || (state.lingers && state.bytes > self.max_bytes / 4) {
                self.wake(state);
            }
        }
    }

    /// Counts a line that the writer itself says, for which there always is room.
    pub(super) fn adopt(&self, line: &[u8]) {
        let mut state = self.state.lock();
        state.totals.emitted += 1;
        state.bytes += line.len();
        state.lines += 1;
    }

    /// Gives the writer an order.
    pub(super) fn order(&self, change: impl FnOnce(&mut Orders)) {
        let mut state = self.state.lock();
        change(&mut state.orders);
        self.wake(state);
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        if mem::take(&mut state.asleep) | mem::take(&mut state.lingers) {
            drop(state);
            self.work.notify_one();
        }
    }

    /// Waits until there are lines or orders, or until `due`. A writer whose hands are full takes
    /// no lines.
    pub(super) fn take(&self, due: Option<Instant>, hands_full: bool) -> Taken {
        let mut state = self.state.lock();
        loop {
            let orders = state.orders;
            let called =
                orders.reopen || orders.close || orders.news || orders.flushes > state.answered;
            if called || (!hands_full && !state.chunks.is_empty()) {
                break;
            }
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                break;
            }
            state.asleep = true;
            state = match left {
                None => self.work.wait(state),
                Some(left) => self.work.wait_timeout(state, left),
            };
            state.asleep = false;
        }
        state.taken(hands_full)
    }

    /// Lets lines gather for a while, so that they are written together and those who log need not
    /// wake the writer for each. Ends early for orders, and when the room gets short.
    pub(super) fn linger(&self, time: Duration) {
        let mut state = self.state.lock();
        let orders = state.orders;
        if orders.close || orders.flushes > state.answered || state.bytes > self.max_bytes / 4 {
            return;
        }
        state.lingers = true;
        self.work.wait_timeout(state, time).lingers = false;
    }

    /// The lines of a chunk were dealt with.
    pub(super) fn settle(&self, mut chunk: Chunk, written: &[u64; LEVELS], refused: u64) {
        let (bytes, lines) = (chunk.bytes.len(), chunk.lines.len());
        chunk.bytes.clear();
        chunk.lines.clear();
        let mut state = self.state.lock();
        state.bytes -= bytes;
        state.lines -= lines;
        for (total, new) in state.totals.written.iter_mut().zip(written) {
            *total += new;
        }
        state.totals.refused += refused;
        if chunk.bytes.capacity() <= 2 * CHUNK && state.spare.len() < SPARE {
            state.spare.push(chunk);
        }
    }

    pub(super) fn failed(&self) {
        self.state.lock().totals.failures += 1;
    }

    /// Everything that was there at this order was dealt with.
    pub(super) fn answer(&self, flushes: u64) {
        let mut state = self.state.lock();
        if state.answered < flushes {
            state.answered = flushes;
            drop(state);
            self.done.notify_all();
        }
    }

    /// The writer ends; what is left is lost, and so is what still comes.
    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        state.ended = true;
        state.totals.left_at_end += state.lines as u64;
        (state.lines, state.bytes) = (0, 0);
        state.chunks.clear();
        state.answered = u64::MAX;
        drop(state);
        self.done.notify_all();
    }

    /// Asks for everything to be written, and waits for it.
    pub(super) fn flush(&self, deadline: Duration) -> FlushedLines {
        // A deadline beyond the end of time is none.
        let until = Instant::now().checked_add(deadline);
        let mut state = self.state.lock();
        let before = state.totals;
        state.orders.flushes += 1;
        let asked = state.orders.flushes;
        (state.asleep, state.lingers) = (false, false);
        self.work.notify_one();
        while state.answered < asked {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                Some(left) => self.done.wait_timeout(state, left),
                None => self.done.wait(state),
            };
        }
        let sum = |totals: &Totals| totals.written.iter().sum::<u64>();
        let refused = state.totals.refused - before.refused;
        let left_at_end = state.totals.left_at_end - before.left_at_end;
        let waiting = if state.answered < asked {
            state.lines
        } else {
            0
        };
        FlushedLines {
            written: sum(&state.totals) - sum(&before),
            lost: refused + left_at_end + waiting as u64,
        }
    }

    pub(super) fn totals(&self, suppressed: [u64; LEVELS]) -> (Totals, LogCounts) {
        let state = self.state.lock();
        let totals = Totals {
            suppressed,
            ..state.totals
        };
        (totals, totals.counts(state.lines as u64))
    }
}

impl State {
    fn put(&mut self, line: &[u8], rank: usize) {
        let fits = |chunk: &&mut Chunk| chunk.bytes.len() + line.len() <= CHUNK;
        match self.chunks.back_mut().filter(fits) {
            Some(chunk) => chunk.push(line, rank),
            None => {
                let mut chunk = self.spare.pop().unwrap_or_else(|| Chunk {
                    bytes: Vec::with_capacity(CHUNK.max(line.len())),
                    lines: Vec::with_capacity(CHUNK / 256),
                });
                chunk.push(line, rank);
                self.chunks.push_back(chunk);
            }
        }
        self.bytes += line.len();
        self.lines += 1;
    }

    fn taken(&mut self, hands_full: bool) -> Taken {
        let orders = self.orders;
        self.orders.reopen = false;
        self.orders.news = false;
        Taken {
            chunks: if hands_full {
                VecDeque::new()
            } else {
                mem::take(&mut self.chunks)
            },
            orders,
            flush: orders.flushes > self.answered,
            dropped: self.totals.counts(0).dropped(),
        }
    }
}
