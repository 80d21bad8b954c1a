//! The thread that runs checks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time;

use super::Inner;
use super::check::{Ask, Found, Verdict, Watched};
use crate::error::{Error, ErrorKind, Result};

/// A thread with a runtime of its own: checks go on when the host's runtime is busy, and a host
/// without one has them too.
#[derive(Debug)]
pub(super) struct Worker {
    runtime: Handle,
    stop: oneshot::Sender<()>,
    ended: mpsc::Receiver<()>,
}

impl Worker {
    pub(super) fn start() -> Result<Self> {
        let failed = |error: std::io::Error| {
            let what = "health checks: their thread cannot be started";
            Error::new(ErrorKind::InvalidConfig, what).with_source(error)
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = mpsc::channel();
        let run = move || {
            // Both mean the same: nobody asks any more.
            let _asked_or_gone = runtime.block_on(stopped);
            // A check that blocks must not keep this thread.
            runtime.shutdown_background();
            drop(end);
        };
        thread::Builder::new()
            .name("novacron-health".into())
            .spawn(run)
            .map_err(failed)?;
        Ok(Self {
            runtime: handle,
            stop,
            ended,
        })
    }

    /// Runs a check again and again, until the service whose health it is about is gone.
    pub(super) fn watch(&self, health: Weak<Inner>, watched: Arc<Watched>) {
        self.runtime.spawn(async move {
            let mut next = time::Instant::now();
            loop {
                let late = run(&health, &watched).await;
                if let Some(late) = late {
                    // It cannot be interrupted, and must not run twice at once.
                    let _panicked_or_not = late.await;
                }
                if health.strong_count() == 0 {
                    return;
                }
                // What took longer than the interval is not made up for.
                next = (next + watched.every()).max(time::Instant::now());
                time::sleep_until(next).await;
            }
        });
    }

    pub(super) fn stop(self, deadline: Duration) -> bool {
        // It may have ended already.
        let _ = self.stop.send(());
        matches!(
            self.ended.recv_timeout(deadline),
            Err(mpsc::RecvTimeoutError::Disconnected)
        )
    }
}

/// Runs a check once. What still runs after the deadline and cannot be interrupted is returned.
async fn run(health: &Weak<Inner>, watched: &Watched) -> Option<JoinHandle<Verdict>> {
    let begun = Instant::now();
    let (mut asked, blocks) = match watched.ask() {
        Ask::Future(ask) => match catch_unwind(AssertUnwindSafe(ask)) {
            Ok(future) => (tokio::spawn(future), false),
            Err(_) => (tokio::spawn(async { panicked() }), false),
        },
        Ask::Blocking(ask) => {
            let ask = Arc::clone(ask);
            (tokio::task::spawn_blocking(move || ask()), true)
        }
        Ask::Nobody => return None,
    };
    let (found, late) = match time::timeout(watched.deadline(), &mut asked).await {
        Ok(Ok(verdict)) => (Found::new(verdict, begun), None),
        Ok(Err(_)) => (Found::new(panicked(), begun), None),
        Err(_) => {
            asked.abort();
            let late = blocks.then_some(asked);
            (Found::timed_out(watched.deadline(), begun), late)
        }
    };
    if let Some(health) = health.upgrade() {
        health.found(watched, found);
    }
    late
}

fn panicked() -> Verdict {
    Verdict::unhealthy("the check panicked")
}
