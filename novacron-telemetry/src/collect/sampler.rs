//! The thread that runs collectors: it starts their runs, waits for none, and publishes.

use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use super::task::Task;
use super::worker::{self, Finished};
use super::{Collector, Schedule, show};
use crate::catalog::ExporterMetrics;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::{Handles, Registry};
use crate::sync::Mutex;

/// How long somebody who removes a collector waits for its thread, so that another one of its name
/// can be added at once.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often it is shown how long a collector has been stuck.
const STUCK: Duration = Duration::from_secs(1);

/// Runs collectors. No thread is started before the first one is added; all but those that are stuck
/// end when it is stopped or dropped.
pub(crate) struct Sampler {
    metrics: ExporterMetrics,
    thread: Mutex<Option<Thread>>,
}

struct Thread {
    inbox: Sender<Message>,
    ended: Receiver<()>,
    /// Collectors whose threads may be there: those that were added, and those that were removed
    /// while they hung.
    collectors: Vec<Added>,
    last_id: u64,
}

struct Added {
    name: &'static str,
    removed: bool,
    /// Disconnected once its thread is gone.
    gone: Receiver<()>,
}

pub(super) enum Message {
    Add(Box<Task>),
    Remove(&'static str),
    Finished(Finished),
    Stop,
}

impl Sampler {
    pub(crate) fn new(metrics: ExporterMetrics) -> Self {
        Self {
            metrics,
            thread: Mutex::default(),
        }
    }

    /// Registers what the collector writes, and runs it for the first time at once.
    ///
    /// # Errors
    ///
    /// If its metrics are in conflict with others, its schedule cannot be kept, one of its name runs,
    /// or a thread cannot be started.
    pub(crate) fn add<C: Collector>(
        &self,
        registry: &Registry,
        collector: C,
        schedule: Schedule,
    ) -> Result<()> {
        schedule.validate(C::NAME)?;
        let metrics = C::Metrics::of(registry)?;
        let mut slot = self.thread.lock();
        let thread = match &mut *slot {
            Some(thread) => thread,
            slot => slot.insert(Thread::start(&self.metrics)?),
        };
        thread.expect_free(C::NAME)?;
        thread.last_id += 1;
        let id = thread.last_id;
        let (end, gone) = mpsc::channel();
        let jobs = worker::start(id, collector, metrics.clone(), thread.inbox.clone(), end)?;
        let forget = Box::new(move || C::publish(&C::Reading::default(), &metrics));
        thread.collectors.push(Added {
            name: C::NAME,
            removed: false,
            gone,
        });
        show::enabled(&self.metrics, C::NAME, true);
        let task = Box::new(Task::new(id, C::NAME, schedule, jobs, forget));
        // If nobody listens it has stopped, and the collector's thread with it.
        let _ = thread.inbox.send(Message::Add(task));
        Ok(())
    }

    /// Ends a collector and takes its series away. What it is reading is thrown away. Says whether
    /// there was one of this name.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let mut slot = self.thread.lock();
        let added = slot.as_mut().and_then(|thread| {
            let mut collectors = thread.collectors.iter_mut();
            let added = collectors.find(|added| !added.removed && added.name == name)?;
            let _ = thread.inbox.send(Message::Remove(added.name));
            Some(added)
        });
        let Some(added) = added else { return false };
        added.removed = true;
        // Whether it went or hangs is asked when one of its name is added.
        let _ = added.gone.recv_timeout(FAREWELL);
        true
    }

    /// Shows that there could be a collector of this name, and that it is switched off.
    pub(crate) fn off(&self, name: &str) {
        show::enabled(&self.metrics, name, false);
    }

    /// Starts no run any more, and ends the threads. Says how many collectors are still reading when
    /// the deadline has passed: their threads end when they come back.
    pub(crate) fn stop(&self, deadline: Duration) -> usize {
        let Some(thread) = self.thread.lock().take() else {
            return 0;
        };
        let until = Instant::now() + deadline;
        let left = || until.saturating_duration_since(Instant::now());
        // It may have ended already.
        let _ = thread.inbox.send(Message::Stop);
        let _ = thread.ended.recv_timeout(left());
        let stays = |added: &&Added| {
            matches!(
                added.gone.recv_timeout(left()),
                Err(RecvTimeoutError::Timeout)
            )
        };
        thread.collectors.iter().filter(stays).count()
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = self.thread.lock();
        let collectors = slot.iter().flat_map(|thread| &thread.collectors);
        f.debug_list()
            .entries(collectors.map(|added| added.name))
            .finish()
    }
}

impl Thread {
    fn start(metrics: &ExporterMetrics) -> Result<Self> {
        let (inbox, messages) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let metrics = metrics.clone();
        let run = move || {
            work(&messages, &metrics);
            drop(end);
        };
        thread::Builder::new()
            .name("nc-collectors".into())
            .spawn(run)
            .map_err(|error| {
                let what = "collectors: their thread cannot be started";
                Error::new(ErrorKind::InvalidConfig, what).with_source(error)
            })?;
        Ok(Self {
            inbox,
            ended,
            collectors: Vec::new(),
            last_id: 0,
        })
    }

    /// One thread per name, also while the last one hangs.
    fn expect_free(&mut self, name: &str) -> Result<()> {
        self.collectors.retain(|added| {
            !added.removed || matches!(added.gone.try_recv(), Err(TryRecvError::Empty))
        });
        let Some(there) = self.collectors.iter().find(|added| added.name == name) else {
            return Ok(());
        };
        let what = match there.removed {
            false => "is there already",
            true => "was removed while it hung, and has not come back",
        };
        Err(Error::new(
            ErrorKind::InvalidConfig,
            format!("collector `{name}` {what}"),
        ))
    }
}

/// Until it is told to stop or nobody can tell it anything any more.
fn work(messages: &Receiver<Message>, metrics: &ExporterMetrics) {
    let mut tasks: Vec<Box<Task>> = Vec::new();
    loop {
        let now = Instant::now();
        for task in &mut tasks {
            task.tick(now, metrics);
        }
        show::all(
            metrics,
            tasks
                .iter()
                .map(|task| (task.name, task.state(), task.stuck(now))),
        );
        let message = match next(&tasks, now) {
            Some(next) => match messages.recv_timeout(next.saturating_duration_since(now)) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            },
            None => match messages.recv() {
                Ok(message) => message,
                Err(_) => return,
            },
        };
        match message {
            Message::Add(task) => tasks.push(task),
            Message::Remove(name) => {
                for mut task in tasks.extract_if(.., |task| task.name == name) {
                    task.leave(metrics);
                }
            }
            Message::Finished(finished) => {
                if let Some(task) = tasks.iter_mut().find(|task| task.id == finished.task) {
                    task.finished(Instant::now(), finished, metrics);
                }
            }
            Message::Stop => return,
        }
    }
}

/// When there is something to do again.
fn next(tasks: &[Box<Task>], now: Instant) -> Option<Instant> {
    let stuck = tasks.iter().any(|task| task.stuck(now).is_some());
    let due = tasks.iter().filter_map(|task| task.next());
    due.chain(stuck.then(|| now + STUCK)).min()
}
