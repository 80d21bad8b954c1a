//! What the attributes call: one function per shape of function.

use std::future::Future;

use super::api::{ApiEnd, ApiRequest};
use super::current::{self, Frame};
use super::guard::{Counted, Ending, Framed, Work, count};
use super::recorder::AsRecorder;
use super::{AsResult, Failure, Outcome, Recorder, ToOutcome};
use crate::catalog::Method;

/// Where an `#[instrument_api]` stands.
#[derive(Clone, Copy, Debug)]
pub struct ApiSite {
    endpoint: &'static str,
    method: Option<Method>,
}

impl ApiSite {
    /// A function that serves this endpoint.
    #[must_use]
    pub const fn new(endpoint: &'static str, method: Option<Method>) -> Self {
        Self { endpoint, method }
    }
}

/// A request that this function owns, or one that somebody further out owns.
#[derive(Debug)]
enum ApiWork {
    Owner(ApiRequest),
    /// The layer counts; it is told why the request failed.
    Inside(Frame),
}

impl ApiWork {
    fn begin(recorder: Recorder, site: ApiSite) -> Self {
        if current::owned().api {
            Self::Inside(Frame::inherit(recorder, |_| {}))
        } else {
            let method = site.method.unwrap_or(Method::Other);
            Self::Owner(recorder.begin_api_request(method, site.endpoint))
        }
    }
}

impl Framed for ApiWork {
    fn frame(&mut self) -> &mut Frame {
        match self {
            Self::Owner(request) => request.frame(),
            Self::Inside(frame) => frame,
        }
    }
}

impl Work for ApiWork {
    fn end(self, ending: Ending) {
        match (self, ending) {
            (Self::Owner(mut request), ending) => {
                let end = match ending {
                    Ending::Panicked => ApiEnd::panicked(),
                    Ending::Outcome(Outcome::Cancelled) => ApiEnd::client_left(),
                    Ending::Outcome(Outcome::TimedOut) => ApiEnd::timed_out(),
                    Ending::Outcome(Outcome::Failure(failure)) => ApiEnd::failed(failure),
                    Ending::Outcome(Outcome::Success) => {
                        ApiEnd::answered(Outcome::Success.status())
                    }
                };
                if matches!(ending, Ending::Outcome(outcome) if outcome != Outcome::Cancelled) {
                    request.head();
                }
                request.end(&end);
            }
            (Self::Inside(_), Ending::Outcome(Outcome::Failure(failure))) => {
                current::hand_out(failure);
            }
            (Self::Inside(_), Ending::Outcome(Outcome::TimedOut)) => {
                current::hand_out(Failure::from_status(Outcome::TimedOut.status()));
            }
            (Self::Inside(_), _) => {}
        }
    }
}

/// Runs a marked `async fn`.
pub fn api_future<F, C>(
    recorder: Recorder,
    site: ApiSite,
    classify: C,
    future: F,
) -> impl Future<Output = F::Output>
where
    F: Future,
    C: FnOnce(&F::Output) -> Outcome,
{
    Counted::new(ApiWork::begin(recorder, site), classify, future)
}

/// Runs a marked `fn`.
pub fn api_sync<R>(
    recorder: Recorder,
    site: ApiSite,
    classify: impl FnOnce(&R) -> Outcome,
    f: impl FnOnce() -> R,
) -> R {
    count(ApiWork::begin(recorder, site), classify, f)
}

/// The recorder that `telemetry = …` names.
pub fn recorder_of<T: AsRecorder + ?Sized>(telemetry: &T) -> Recorder {
    telemetry.as_recorder().clone()
}

/// What the returned value says of itself.
pub fn outcome_of<T: ToOutcome>(value: &T) -> Outcome {
    value.to_outcome()
}

/// Reads failures with the function that `error = …` names.
pub fn classify_error<R: AsResult>(
    read: impl FnOnce(&R::Error) -> Failure,
) -> impl FnOnce(&R) -> Outcome {
    move |result| match result.as_result() {
        Ok(_) => Outcome::Success,
        Err(error) => read(error).into(),
    }
}

/// Reads outcomes with the closure that `outcome = …` gives.
pub fn classify_with<T, O: Into<Outcome>>(
    read: impl FnOnce(&T) -> O,
) -> impl FnOnce(&T) -> Outcome {
    move |value| read(value).into()
}
