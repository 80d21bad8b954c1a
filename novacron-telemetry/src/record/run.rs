//! Work of one kind that is going on, and who keeps it until it ends: the guard of a verb, or a
//! function that is marked.

use std::mem;
use std::time::Duration;

use super::clock::Moment;
use super::current::{self, Frame};
use super::guard::{Ending, Framed, Work};
use super::span::{Leaf, end_run};
use super::verdict::Verdict;
use super::{Failure, Outcome, Recorder};
use crate::context::{Class, FinishedSpan, Span};

/// Work of one kind: what is known of it from its beginning, and what its ends write.
pub trait Run {
    /// How it ended.
    type Verdict: Verdict;
    /// What it says about itself besides, if it succeeded.
    type Measured: Default;

    /// What kind of work it is, to traces.
    fn class(&self) -> Class {
        Class::Default
    }

    /// From when on it is slow, to traces.
    fn slow(&self, _: &Recorder) -> Option<Duration> {
        None
    }

    /// Names its span, and says what is known of it. Called if the span is exported.
    fn describe(&self, span: &mut FinishedSpan);

    /// It begins.
    fn begin(&self, recorder: &Recorder);

    /// It ended. Called once if it was begun.
    fn end(
        self,
        recorder: &Recorder,
        begun: Moment,
        verdict: Self::Verdict,
        measured: Self::Measured,
    );
}

/// Work that a verb's guard keeps. Dropped before it is finished, it was cancelled.
#[derive(Debug)]
pub(super) struct Held<R: Run> {
    pub(super) recorder: Recorder,
    run: Option<R>,
    span: Leaf,
    begun: Moment,
    /// Learnt while it goes on.
    pub(super) measured: R::Measured,
}

impl<R: Run> Held<R> {
    pub(super) fn new(recorder: Recorder, run: R) -> Self {
        run.begin(&recorder);
        Self {
            span: Leaf::begin(&recorder, || run.class()),
            recorder,
            run: Some(run),
            begun: Moment::now(),
            measured: R::Measured::default(),
        }
    }

    /// A step of it is over that took so many seconds.
    pub(super) fn step(&self, name: &'static str, seconds: f64) {
        self.span.step(&self.recorder, name, seconds);
    }

    /// The work, until it ends.
    pub(super) fn run(&mut self) -> Option<&mut R> {
        self.run.as_mut()
    }

    pub(super) fn finish(mut self, verdict: R::Verdict) {
        self.end(verdict);
    }

    fn end(&mut self, verdict: R::Verdict) {
        if let Some(run) = self.run.take() {
            self.span.end(&self.recorder, &run, self.begun, &verdict);
            let measured = mem::take(&mut self.measured);
            run.end(&self.recorder, self.begun, verdict, measured);
        }
    }
}

impl<R: Run> Drop for Held<R> {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled.into());
    }
}

/// What the value that a marked function returned tells about its work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<V, M> {
    pub(crate) verdict: V,
    pub(crate) measured: M,
}

impl<V: From<Outcome>, M: Default> From<Outcome> for Told<V, M> {
    fn from(outcome: Outcome) -> Self {
        Self {
            verdict: outcome.into(),
            measured: M::default(),
        }
    }
}

impl<V: From<Outcome>, M: Default> From<Ending<Told<V, M>>> for Told<V, M> {
    fn from(ending: Ending<Told<V, M>>) -> Self {
        match ending {
            Ending::Outcome(told) => told,
            Ending::Panicked => Outcome::Failure(Failure::PANICKED).into(),
        }
    }
}

/// Work that a marked function does, with the frame that it runs in.
#[derive(Debug)]
pub struct Marked<R> {
    frame: Frame,
    span: Span,
    run: R,
    begun: Moment,
}

impl<R: Run> Marked<R> {
    pub(super) fn new(recorder: Recorder, run: R) -> Self {
        run.begin(&recorder);
        let mut frame = Frame::inherit(recorder, |_| {});
        let span = frame.begin_span(|_| run.class());
        Self {
            frame,
            span,
            run,
            begun: Moment::now(),
        }
    }
}

impl<R: Run> Work for Marked<R> {
    type Verdict = Told<R::Verdict, R::Measured>;

    fn end(self, ending: Ending<Self::Verdict>) {
        let Told { verdict, measured } = ending.into();
        if let Some(recorder) = &self.frame.recorder {
            let trace = self.frame.trace.as_ref();
            end_run(recorder, self.span, trace, &self.run, self.begun, &verdict);
            self.run.end(recorder, self.begun, verdict, measured);
        }
        // It stood between the owner of a request and whoever knew why that failed.
        if let Some(failure) = self.frame.failure {
            current::hand_out(failure);
        }
    }
}

impl<R: Run> Framed for Marked<R> {
    fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }
}
