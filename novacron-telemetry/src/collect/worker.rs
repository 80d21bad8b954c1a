//! The thread of one collector: it reads when it is told to, and hands over what it found.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::sampler::Message;
use super::{CollectError, Collector, Run};
use crate::error::{Error, ErrorKind, Result};

/// What a collector reads into is small, and what it calls is not deep.
const STACK: usize = 512 << 10;

/// Shows something. It holds the reading and the handles, and is called at most once.
pub(super) type Publish = Box<dyn FnOnce() + Send>;

/// One run that is to be made.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) deadline: Duration,
}

/// One run that is over.
pub(super) struct Finished {
    pub(super) task: u64,
    pub(super) number: u64,
    pub(super) took: Duration,
    pub(super) end: End,
    pub(super) run: Run,
}

pub(super) enum End {
    Read(Publish),
    Failed(CollectError),
    Panicked,
}

/// Starts the thread. It ends, and drops `end`, when the sender of jobs is dropped or when nobody
/// listens any more; not while the collector blocks.
pub(super) fn start<C: Collector>(
    task: u64,
    mut collector: C,
    metrics: C::Metrics,
    inbox: Sender<Message>,
    end: Sender<()>,
) -> Result<Sender<Job>> {
    let (jobs, orders) = mpsc::channel::<Job>();
    let work = move || {
        // Dropped with the thread's last breath.
        let _end = end;
        for Job { number, deadline } in orders {
            let begun = Instant::now();
            let mut run = Run::within(deadline);
            let end = match catch_unwind(AssertUnwindSafe(|| collector.read(&mut run))) {
                Ok(Ok(reading)) => {
                    let metrics = metrics.clone();
                    End::Read(Box::new(move || C::publish(&reading, &metrics)))
                }
                Ok(Err(error)) => End::Failed(error),
                Err(_) => End::Panicked,
            };
            let took = begun.elapsed();
            let finished = Finished {
                task,
                number,
                took,
                end,
                run,
            };
            if inbox.send(Message::Finished(finished)).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        // Linux shows 15 letters.
        .name(format!("nc-{}", C::NAME))
        .stack_size(STACK)
        .spawn(work)
        .map_err(|error| {
            let what = format!("collector `{}`: its thread cannot be started", C::NAME);
            Error::new(ErrorKind::InvalidConfig, what).with_source(error)
        })?;
    Ok(jobs)
}
