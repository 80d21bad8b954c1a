//! Work that blocks, awaited without holding up the runtime that awaits it, whichever that is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::sync::Mutex;

/// Runs `work` on a thread of its own. If none can be had it runs here and now: late is better than
/// not at all.
pub(super) fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = T> {
    let slot = Arc::new(Slot::default());
    let work = Arc::new(Mutex::new(Some(work)));
    let (there, theirs) = (Arc::clone(&slot), Arc::clone(&work));
    let thread = thread::Builder::new()
        .name("novacron-shutdown".into())
        .spawn(move || {
            if let Some(work) = take(&theirs) {
                there.put(work());
            }
        });
    if thread.is_err()
        && let Some(work) = take(&work)
    {
        slot.put(work());
    }
    OffThread(slot)
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().take()
}

/// Where the result is put, and who waits for it.
struct Slot<T>(Mutex<(Option<T>, Option<Waker>)>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new((None, None)))
    }
}

impl<T> Slot<T> {
    fn put(&self, value: T) {
        let waker = {
            let mut slot = self.0.lock();
            slot.0 = Some(value);
            slot.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct OffThread<T>(Arc<Slot<T>>);

impl<T> Future for OffThread<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut slot = self.0.0.lock();
        match slot.0.take() {
            Some(value) => Poll::Ready(value),
            None => {
                slot.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
