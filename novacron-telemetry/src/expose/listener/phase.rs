//! What a connection is doing, and how long one has waited for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::options::ListenerLimits;
use crate::sync::Mutex;

/// What one connection is doing: written by its socket and its service, read by the gate that looks
/// for one to close.
#[derive(Clone, Debug)]
pub(super) struct Phase(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    accepted: Instant,
    step: Step,
    since: Instant,
    /// Since when its reader takes nothing, while there is something to take.
    blocked: Option<Instant>,
    /// To be closed without ceremony: the system forgets what was not sent.
    reset: bool,
}

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Accepted; no request was complete yet.
    New,
    /// Between an answer and the first byte of the next request.
    Idle,
    /// In the head of a request that is not its first.
    Head,
    /// Its request is complete and waits for a place among scrapes.
    Waiting,
    /// Its request was refused, and the answer is held back.
    Held,
    /// It is being answered.
    Answering,
}

/// A reader that takes nothing for so long makes room for another connection.
const SLOW: Duration = Duration::from_millis(100);
/// And for so long, for another scrape: there are fewer places for those, and whoever waits for one
/// has asked already.
const SLOWER_THAN_OTHERS: Duration = Duration::from_millis(25);

/// How willingly a connection is closed for another one: the greatest first.
pub(super) type Rank = (bool, Duration);

impl Phase {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State {
            accepted: now,
            step: Step::New,
            since: now,
            blocked: None,
            reset: false,
        })))
    }

    pub(super) fn enter(&self, step: Step) {
        let mut state = self.0.lock();
        state.step = step;
        state.since = Instant::now();
    }

    /// A byte came. Between requests it begins the next one.
    pub(super) fn byte(&self) {
        let mut state = self.0.lock();
        if state.step == Step::Idle {
            state.step = Step::Head;
            state.since = Instant::now();
        }
    }

    /// Whether the socket takes what is written. Some of it counts.
    pub(super) fn written(&self, blocked: bool) {
        let mut state = self.0.lock();
        state.blocked = match blocked {
            true => Some(state.blocked.unwrap_or_else(Instant::now)),
            false => None,
        };
    }

    /// Closes it without ceremony.
    pub(super) fn reset(&self) {
        self.0.lock().reset = true;
    }

    pub(super) fn is_reset(&self) -> bool {
        self.0.lock().reset
    }

    /// Whether nothing is lost if it is closed between two requests.
    pub(super) fn is_between(&self) -> bool {
        matches!(self.0.lock().step, Step::New | Step::Idle | Step::Head)
    }

    /// Whether it is only kept for a later request.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.0.lock();
        state.step == Step::Idle && state.blocked.is_none()
    }

    /// Whether it is being answered to a reader that does not read.
    pub(super) fn stalled(&self, now: Instant) -> Option<Duration> {
        let state = self.0.lock();
        let stalled = now.duration_since(state.blocked?);
        (state.step == Step::Answering && stalled >= SLOWER_THAN_OTHERS).then_some(stalled)
    }

    /// How willingly it is closed; `None` while it is being answered and reads.
    pub(super) fn rank(&self, now: Instant) -> Option<Rank> {
        let state = self.0.lock();
        let waited = now.duration_since(state.blocked.unwrap_or(state.since));
        match state.step {
            Step::Held => Some((true, waited)),
            Step::Answering => {
                (state.blocked.is_some() && waited >= SLOW).then_some((false, waited))
            }
            Step::New | Step::Idle | Step::Head | Step::Waiting => Some((false, waited)),
        }
    }

    /// When patience ends.
    pub(super) fn deadline(&self, limits: &ListenerLimits) -> Instant {
        let state = self.0.lock();
        let step = match state.step {
            Step::New => state.accepted + limits.head,
            Step::Idle => (state.since + limits.idle).min(state.accepted + limits.age),
            Step::Head => state.since + limits.head,
            Step::Waiting | Step::Held | Step::Answering => state.since + limits.answer,
        };
        match state.blocked {
            Some(blocked) => step.min(blocked + limits.stalled),
            None => step,
        }
    }

    /// Whether this answer is its last one.
    pub(super) fn is_old(&self, limits: &ListenerLimits) -> bool {
        self.0.lock().accepted.elapsed() >= limits.age
    }
}

/// While it lives, a request is being answered.
#[derive(Debug)]
pub(super) struct Answering(Phase);

impl Answering {
    pub(super) fn begin(phase: &Phase, step: Step) -> Self {
        phase.enter(step);
        Self(phase.clone())
    }

    pub(super) fn enter(&self, step: Step) {
        self.0.enter(step);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.enter(Step::Idle);
    }
}
