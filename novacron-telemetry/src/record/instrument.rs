//! What the attributes call: one function for work that is awaited, one for work that is called.

use std::future::Future;

use super::api::{ApiEnd, ApiRequest, How};
use super::current::{self, Frame};
use super::guard::{Counted, Ending, Framed, Work, count};
use super::recorder::AsRecorder;
use super::returned::Measure;
use super::run::Told;
use super::verdict::Verdict;
use super::{Failure, Outcome, Recorder};
use crate::catalog::Method;

/// Where an attribute stands, and what begins there.
#[expect(private_bounds, reason = "what begins is ours alone")]
pub trait Begin {
    /// How the work ends.
    type Verdict: Verdict;
    /// What it says about itself besides, if it succeeded.
    type Measured: Default;
    /// The work.
    type Work: Framed<Verdict = Told<Self::Verdict, Self::Measured>>;

    /// Begins the work.
    fn begin(self) -> Self::Work;
}

/// Runs a marked `async fn`.
pub fn work_future<S, F>(
    site: S,
    classify: impl FnOnce(&F::Output) -> S::Verdict,
    measure: impl Measure<F::Output, S::Measured>,
    future: F,
) -> impl Future<Output = F::Output>
where
    S: Begin,
    F: Future,
{
    Counted::new(site.begin(), told(classify, measure), future)
}

/// Runs a marked `fn`.
pub fn work_sync<S, R>(
    site: S,
    classify: impl FnOnce(&R) -> S::Verdict,
    measure: impl Measure<R, S::Measured>,
    f: impl FnOnce() -> R,
) -> R
where
    S: Begin,
{
    count(site.begin(), told(classify, measure), f)
}

fn told<R, V, M: Default>(
    classify: impl FnOnce(&R) -> V,
    measure: impl Measure<R, M>,
) -> impl FnOnce(&R) -> Told<V, M> {
    move |value| {
        let mut measured = M::default();
        measure.measure(value, &mut measured);
        Told {
            verdict: classify(value),
            measured,
        }
    }
}

/// The recorder that `telemetry = …` names.
pub fn recorder_of<T: AsRecorder + ?Sized>(telemetry: &T) -> Recorder {
    telemetry.as_recorder().clone()
}

/// Where an `#[instrument_api]` stands.
#[derive(Clone, Debug)]
pub struct ApiSite {
    recorder: Recorder,
    endpoint: &'static str,
    method: Method,
}

impl ApiSite {
    /// A function that serves this endpoint.
    #[must_use]
    pub fn new(recorder: Recorder, endpoint: &'static str) -> Self {
        Self {
            recorder,
            endpoint,
            method: Method::Other,
        }
    }

    /// The method it serves.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }
}

impl Begin for ApiSite {
    type Verdict = Outcome;
    type Measured = ();
    type Work = ApiWork;

    fn begin(self) -> ApiWork {
        let Self {
            recorder,
            endpoint,
            method,
        } = self;
        ApiWork(if current::owned().api {
            Owned::Elsewhere(Frame::inherit(recorder, |_| {}))
        } else {
            Owned::Here(recorder.begin_api_request(method, endpoint))
        })
    }
}

/// A request that a marked function serves.
#[derive(Debug)]
pub struct ApiWork(Owned);

/// Who counts the request.
#[derive(Debug)]
enum Owned {
    Here(ApiRequest),
    /// Somebody further out, who is told why it failed.
    Elsewhere(Frame),
}

impl Framed for ApiWork {
    fn frame(&mut self) -> &mut Frame {
        match &mut self.0 {
            Owned::Here(request) => request.frame(),
            Owned::Elsewhere(frame) => frame,
        }
    }
}

impl Work for ApiWork {
    type Verdict = Told<Outcome, ()>;

    fn end(self, ending: Ending<Self::Verdict>) {
        let outcome = Told::from(ending).verdict;
        match self.0 {
            Owned::Here(request) => {
                let end = match outcome {
                    Outcome::Success => ApiEnd::answered(outcome.status()),
                    Outcome::Cancelled => ApiEnd::client_left(),
                    Outcome::TimedOut => ApiEnd::timed_out(),
                    Outcome::Failure(Failure::PANICKED) => ApiEnd::panicked(),
                    Outcome::Failure(failure) => ApiEnd::failed(failure),
                };
                match end.how {
                    How::Answered => request.end_at_once(&end),
                    How::ClientLeft | How::Panicked => request.end(&end),
                }
            }
            Owned::Elsewhere(_) => match outcome {
                // The owner sees the panic, or that nobody waits.
                Outcome::Success | Outcome::Cancelled | Outcome::Failure(Failure::PANICKED) => {}
                Outcome::TimedOut => current::hand_out(Failure::from_status(outcome.status())),
                Outcome::Failure(failure) => current::hand_out(failure),
            },
        }
    }
}
