//! Work that ends exactly once.
//!
//! A guard is begun, and then ends as a success, a failure, cancelled, timed out or panicked,
//! whatever happens; dropped undecided, it was cancelled.
//!
//! A panic is noticed by a watch that is armed around each poll: its destructor finds out whether
//! that very poll unwound. Asking `thread::panicking()` when the guard is dropped looks simpler and
//! is wrong twice: under a layer that catches panics the future is dropped after the catch, and a
//! future that is dropped by somebody else's unwinding did not panic.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::current::Frame;
use super::{Failure, Outcome};
use crate::catalog::exporter::Site;

/// How work ended, as a guard sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending<V = Outcome> {
    /// It said so, or was dropped.
    Outcome(V),
    /// A poll, or the function, unwound.
    Panicked,
}

/// A piece of work that was begun. [`end`](Work::end) is called once, and never while user code
/// runs.
pub(crate) trait Work {
    /// What it says about its end: an [`Outcome`], or something that knows more.
    type Verdict: From<Outcome>;

    fn end(self, ending: Ending<Self::Verdict>);
}

/// Work that carries its frame around each poll.
pub(crate) trait Framed: Work {
    fn frame(&mut self) -> &mut Frame;
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Guard<W: Work>(Option<W>);

impl<W: Work> Guard<W> {
    pub(crate) fn new(work: W) -> Self {
        Self(Some(work))
    }

    /// Ends the work; a second end is ignored.
    pub(crate) fn end(&mut self, ending: Ending<W::Verdict>) {
        if let Some(work) = self.0.take() {
            work.end(ending);
        }
    }

    /// A look at the work, until it ends.
    pub(crate) fn peek(&self) -> Option<&W> {
        self.0.as_ref()
    }

    /// The work, until it ends.
    pub(crate) fn work(&mut self) -> Option<&mut W> {
        self.0.as_mut()
    }
}

impl<W: Framed> Guard<W> {
    /// Runs a piece of user code in the frame of the work; if it unwinds, the work panicked.
    #[inline]
    pub(crate) fn watch<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let mut watch = Watch {
            guard: self,
            returned: false,
        };
        let value = {
            let _entered = watch.guard.work().map(|work| work.frame().enter());
            f()
        };
        watch.returned = true;
        value
    }
}

impl<W: Work> Drop for Guard<W> {
    fn drop(&mut self) {
        self.end(Ending::Outcome(Outcome::Cancelled.into()));
    }
}

struct Watch<'a, W: Work> {
    guard: &'a mut Guard<W>,
    returned: bool,
}

impl<W: Work> Drop for Watch<'_, W> {
    fn drop(&mut self) {
        if !self.returned {
            self.guard.end(Ending::Panicked);
        }
    }
}

pin_project! {
    /// A future whose end is counted.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Counted<F, W: Work, C> {
        guard: Guard<W>,
        classify: Option<C>,
        #[pin]
        future: F,
    }
}

impl<F, W: Work, C> Counted<F, W, C> {
    pub(crate) fn new(work: W, classify: C, future: F) -> Self {
        Self {
            guard: Guard::new(work),
            classify: Some(classify),
            future,
        }
    }
}

impl<F, W, C> Future for Counted<F, W, C>
where
    F: Future,
    W: Framed,
    C: FnOnce(&F::Output) -> W::Verdict,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let (polled, verdict) = this.guard.watch(|| {
            let polled = this.future.poll(cx);
            let verdict = match &polled {
                Poll::Ready(value) => this.classify.take().map(|classify| judge(classify, value)),
                Poll::Pending => None,
            };
            (polled, verdict)
        });
        // Outside the frame: the end may be handed to whoever is further out.
        if let Some(verdict) = verdict {
            this.guard.end(Ending::Outcome(verdict));
        }
        polled
    }
}

/// Runs a function whose end is counted.
pub(crate) fn count<W: Framed, R>(
    work: W,
    classify: impl FnOnce(&R) -> W::Verdict,
    f: impl FnOnce() -> R,
) -> R {
    let mut guard = Guard::new(work);
    let (value, verdict) = guard.watch(|| {
        let value = f();
        let verdict = judge(classify, &value);
        (value, verdict)
    });
    guard.end(Ending::Outcome(verdict));
    value
}

/// Asks the host's own code how its work ended, inside the frame of that work. If that code panics,
/// the work's result is still delivered, and counted as an internal failure.
fn judge<R, V: From<Outcome>>(classify: impl FnOnce(&R) -> V, value: &R) -> V {
    catch_unwind(AssertUnwindSafe(|| classify(value))).unwrap_or_else(|_| {
        super::current::with_current(|recorder| recorder.internal_error(Site::Classifier));
        Outcome::from(Failure::INTERNAL).into()
    })
}
