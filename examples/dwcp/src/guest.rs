//! What runs in the memory: a thread that keeps changing pages, as an operating system would.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use fastrand::Rng;

use crate::memory::{Memory, PAGE};

/// A running guest; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Guest {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    steps: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// Asked to stand still.
    Pausing,
    /// Stands still: nothing is written any more.
    Paused,
    Ended,
}

impl Guest {
    /// Starts to change pages of `memory`, `dirty_rate` bytes of pages per second.
    pub(crate) fn start(memory: Arc<Memory>, dirty_rate: u64, seed: u64) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Running),
            changed: Condvar::new(),
            steps: AtomicU64::new(0),
        });
        let runs = Arc::clone(&shared);
        let thread = thread::spawn(move || runs.run(&memory, dirty_rate, seed));
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// Returns once the guest stands still: what it wrote is written, and nothing comes after.
    pub(crate) fn pause(&self) {
        let mut state = self.shared.state();
        if *state == State::Running {
            *state = State::Pausing;
            self.shared.changed.notify_all();
        }
        while *state == State::Pausing {
            state = self.shared.wait(state);
        }
    }

    /// Lets it run on.
    pub(crate) fn resume(&self) {
        let mut state = self.shared.state();
        if *state != State::Ended {
            *state = State::Running;
            self.shared.changed.notify_all();
        }
    }

    /// How often it has had its turn. It grows as long as the guest runs, also one that writes
    /// nothing.
    pub(crate) fn steps(&self) -> u64 {
        self.shared.steps.load(Ordering::Relaxed)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        *self.shared.state() = State::Ended;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, memory: &Memory, dirty_rate: u64, seed: u64) {
        let mut random = Rng::with_seed(seed);
        let pages_per_second = dirty_rate as f64 / PAGE as f64;
        let mut owed = 0.0;
        let mut last = Instant::now();
        while self.may_step() {
            let now = Instant::now();
            // What a busy machine kept it from writing it does not write later: it is a guest, not
            // a debtor.
            let passed = now.duration_since(last).min(LONGEST_STEP);
            last = now;
            owed += pages_per_second * passed.as_secs_f64();
            let writes = owed as u64;
            owed -= writes as f64;
            for _ in 0..writes {
                let page = random.usize(..memory.len().max(1));
                memory.write(page, |content| {
                    let at = random.usize(..=PAGE - RECORD);
                    // Records resemble themselves: memory stays as compressible as it was.
                    let mut field = [0; 64];
                    random.fill(&mut field);
                    for bytes in content[at..at + RECORD].chunks_exact_mut(field.len()) {
                        bytes.copy_from_slice(&field);
                    }
                });
            }
            self.steps.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for its turn; false when there will be none.
    fn may_step(&self) -> bool {
        let state = self.state();
        let pausing = |state: &mut State| matches!(state, State::Running);
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, STEP, pausing)
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            match *state {
                State::Running => return true,
                State::Ended => return false,
                State::Pausing => {
                    *state = State::Paused;
                    self.changed.notify_all();
                }
                State::Paused => state = self.wait(state),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much a guest changes of a page at once.
const RECORD: usize = 512;

/// How often a guest has its turn.
const STEP: Duration = Duration::from_millis(2);

const LONGEST_STEP: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_while_it_is_paused() {
        let memory = Arc::new(Memory::empty(256));
        let guest = Guest::start(Arc::clone(&memory), 64 << 20, 1);
        while memory.dirty_bytes() == 0 {
            thread::sleep(STEP);
        }
        guest.pause();
        memory.take_dirty();
        thread::sleep(10 * STEP);
        assert_eq!(memory.dirty_bytes(), 0);
        let steps = guest.steps();
        guest.resume();
        while memory.dirty_bytes() == 0 || guest.steps() == steps {
            thread::sleep(STEP);
        }
        drop(guest);
        memory.take_dirty();
        thread::sleep(10 * STEP);
        assert_eq!(memory.dirty_bytes(), 0);
    }
}
