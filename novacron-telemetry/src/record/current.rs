//! Which recorder is meant where none is named, and who owns the work at hand.
//!
//! A layer or an attribute enters its *frame* around each poll of the future it wraps, so whatever
//! the future does on whatever thread finds it. The frame carries the recorder, which kinds of work
//! are owned already, and the reason for a failure on its way from an attribute to the owner.
//! `tokio::spawn` leaves the frame; [`Recorder::scope`] takes a future back in.

use std::cell::RefCell;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Failure, MigrationHandle, Recorder};
use crate::context::{Class, Span, TraceContext, TraceIds};
use crate::error::{Error, ErrorKind, Result};

/// What is carried around each poll.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(crate) recorder: Option<Recorder>,
    pub(crate) owned: Owned,
    pub(crate) failure: Option<Failure>,
    /// The span of the work, or what was said about one by whoever asked for the work.
    pub(crate) trace: Option<TraceContext>,
    pub(crate) migration: Option<MigrationHandle>,
}

/// Kinds of work that somebody counts already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) api: bool,
}

thread_local! {
    static FRAME: RefCell<Frame> = const {
        RefCell::new(Frame {
            recorder: None,
            owned: Owned { api: false },
            failure: None,
            trace: None,
            migration: None,
        })
    };
}

/// The recorder that was installed for the whole process.
static INSTALLED: RwLock<Option<(Recorder, String)>> = RwLock::new(None);

/// How often [`INSTALLED`] has changed.
static CHANGES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// This thread's share in the installed recorder, and the number of changes it is of: the lock
    /// is the same for all threads, and taking it moves its cache line even where all only read.
    /// A share in one that is gone is given up when the thread next records, or ends.
    static SHARE: RefCell<(u64, Option<Recorder>)> = const { RefCell::new((0, None)) };
}

impl Frame {
    /// A frame for work that begins here: it inherits what is around it.
    pub(crate) fn inherit(recorder: Recorder, own: impl FnOnce(&mut Owned)) -> Self {
        let around = with(|frame| (frame.owned, frame.trace.clone(), frame.migration.clone()));
        let (mut owned, trace, migration) = around.unwrap_or_default();
        own(&mut owned);
        Self {
            recorder: Some(recorder),
            owned,
            failure: None,
            trace,
            migration,
        }
    }

    /// Opens a span in the trace that the work stands in; its context becomes the frame's. `class`
    /// is only asked for if traces are recorded.
    #[inline]
    pub(crate) fn begin_span(&mut self, class: impl FnOnce(&Recorder) -> Class) -> Span {
        match &self.recorder {
            Some(recorder) if recorder.tracer().is_on() => {
                recorder.tracer().begin(class(recorder), &mut self.trace)
            }
            _ => Span::OFF,
        }
    }

    /// Makes this the frame of the calling thread until the guard is dropped.
    pub(crate) fn enter(&mut self) -> Entered<'_> {
        swap(self);
        Entered(self)
    }
}

/// See [`Frame::enter`].
pub(crate) struct Entered<'a>(&'a mut Frame);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        swap(self.0);
    }
}

fn swap(other: &mut Frame) {
    // On a thread that is ending there is no frame, and so nothing to swap with.
    let _ = FRAME.try_with(|frame| {
        if let Ok(mut frame) = frame.try_borrow_mut() {
            mem::swap(&mut *frame, other);
        }
    });
}

/// Reads the frame of the calling thread.
pub(crate) fn with<R>(f: impl FnOnce(&Frame) -> R) -> Option<R> {
    FRAME
        .try_with(|frame| frame.try_borrow().ok().map(|frame| f(&frame)))
        .ok()?
}

/// What kinds of work are owned by somebody further out.
pub(crate) fn owned() -> Owned {
    with(|frame| frame.owned).unwrap_or_default()
}

/// Tells the owner of the work at hand why it failed.
pub(crate) fn hand_out(failure: Failure) {
    let _ = FRAME.try_with(|frame| {
        if let Ok(mut frame) = frame.try_borrow_mut() {
            frame.failure = Some(failure);
        }
    });
}

/// The trace of the work at hand.
#[must_use]
pub fn current_trace() -> Option<TraceIds> {
    with(|frame| frame.trace.as_ref().map(TraceContext::ids))?
}

/// Where the work at hand stands in its trace: what goes out with the calls that it makes.
///
/// ```
/// use novacron_telemetry::context::TraceContext;
/// use novacron_telemetry::record::{Recorder, current_context};
///
/// let parent = TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
/// let work = Recorder::noop().scope(async { current_context() }).in_trace(parent.clone());
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// assert_eq!(runtime.block_on(work), parent);
/// ```
#[must_use]
pub fn current_context() -> Option<TraceContext> {
    with(|frame| frame.trace.clone())?
}

/// Whether the work at hand stands in a trace of this process that is not recorded.
#[cfg(feature = "otlp")]
pub(crate) fn is_unsampled_here() -> bool {
    with(|frame| {
        frame
            .trace
            .as_ref()
            .is_some_and(TraceContext::is_unsampled_here)
    })
    .unwrap_or(true)
}

/// Makes another span the one that the work at hand stands in, and returns the one before.
#[cfg(feature = "otlp")]
pub(crate) fn replace_context(context: Option<TraceContext>) -> Option<TraceContext> {
    let mut context = context;
    let _ = FRAME.try_with(|frame| {
        if let Ok(mut frame) = frame.try_borrow_mut() {
            mem::swap(&mut frame.trace, &mut context);
        }
    });
    context
}

/// The recorder of the work at hand: the frame's, else the installed one, else the silent one.
#[must_use]
pub fn current() -> Recorder {
    let mut found = None;
    with_current(|recorder| found = Some(recorder.clone()));
    found.unwrap_or_else(Recorder::noop)
}

/// Calls `f` with the recorder of the work at hand, without taking a share in it.
pub(crate) fn with_current(f: impl FnOnce(&Recorder)) {
    let mut f = Some(f);
    // Nothing on a thread that is ending: then the installed one it is.
    let _ = with(|frame| {
        if let Some(recorder) = &frame.recorder
            && let Some(f) = f.take()
        {
            f(recorder);
        }
    });
    if let Some(f) = f {
        with_installed(f);
    }
}

/// Calls `f` with the installed recorder, if there is one.
fn with_installed(f: impl FnOnce(&Recorder)) {
    let changes = CHANGES.load(Ordering::Acquire);
    let mut f = Some(f);
    let _ = SHARE.try_with(|share| {
        if let Ok(mut share) = share.try_borrow_mut()
            && share.0 != changes
        {
            // What it held is dropped after the borrow: it may be the last share of all.
            let old = mem::replace(&mut *share, (changes, installed()));
            drop(share);
            drop(old);
        }
        if let Ok(share) = share.try_borrow()
            && share.0 == changes
            && let Some(f) = f.take()
            && let Some(recorder) = &share.1
        {
            f(recorder);
        }
    });
    // The thread is ending, or `f` was called by one that runs already.
    if let Some(f) = f
        && let Some(recorder) = installed()
    {
        f(&recorder);
    }
}

/// The recorder that was installed for the whole process.
#[must_use]
pub fn installed() -> Option<Recorder> {
    let installed = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
    installed.as_ref().map(|(recorder, _)| recorder.clone())
}

/// Makes `recorder` the one that is meant where none is named.
///
/// # Errors
///
/// [`ErrorKind::AlreadyInstalled`] if there is one; it stays.
pub(crate) fn install(recorder: Recorder, by: String) -> Result<()> {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, holder)) = &*installed {
        return Err(Error::new(ErrorKind::AlreadyInstalled, holder.clone()));
    }
    *installed = Some((recorder, by));
    CHANGES.fetch_add(1, Ordering::Release);
    Ok(())
}

/// Takes back the installed recorder, if it is this one.
pub(crate) fn uninstall(recorder: &Recorder) {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    if installed
        .as_ref()
        .is_some_and(|(held, _)| held.is(recorder))
    {
        *installed = None;
        CHANGES.fetch_add(1, Ordering::Release);
    }
}

impl Recorder {
    /// Runs a future with this recorder in the place of the installed one: for tests, for tasks
    /// that were spawned, for hosts with several services in one process.
    pub fn scope<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped {
            frame: Frame {
                recorder: Some(self.clone()),
                ..Frame::default()
            },
            future,
        }
    }

    /// Runs a closure with this recorder in the place of the installed one.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        let mut frame = Frame {
            recorder: Some(self.clone()),
            ..Frame::default()
        };
        let _entered = frame.enter();
        f()
    }
}

impl<F> Scoped<F> {
    /// Runs the future in this trace: that of a message it answers to, or of the work that it was
    /// spawned by. `None` leaves it in none.
    pub fn in_trace(mut self, context: Option<TraceContext>) -> Self {
        self.frame.trace = context;
        self
    }
}

pin_project! {
    /// A future in the scope of a recorder; see [`Recorder::scope`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<F> {
        frame: Frame,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.frame.enter();
        this.future.poll(cx)
    }
}
