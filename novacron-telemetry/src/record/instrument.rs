//! What the attributes call: one function per shape of function.

use std::future::Future;

use super::api::{ApiEnd, ApiRequest};
use super::current::{self, Frame};
use super::guard::{Counted, Ending, Framed, Work, count};
use super::migration::{Migration, RunningMigration};
use super::recorder::AsRecorder;
use super::{AsResult, Failure, Outcome, Recorder, ToOutcome};
use crate::catalog::Method;
use crate::metric::Seconds;

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

/// Where an `#[instrument_migration]` stands: between which nodes.
#[derive(Debug)]
pub struct MigrationSite(Migration);

impl MigrationSite {
    /// A function that migrates from one node to another.
    pub fn new(source: impl AsRef<str>, destination: impl AsRef<str>) -> Self {
        Self(Migration::new(source, destination))
    }

    /// The network mode it runs in.
    #[must_use]
    pub fn mode(self, mode: impl Into<Option<crate::catalog::dwcp::DwcpMode>>) -> Self {
        Self(match mode.into() {
            Some(mode) => self.0.mode(mode),
            None => self.0,
        })
    }
}

impl Work for RunningMigration {
    fn end(self, ending: Ending) {
        match ending {
            Ending::Panicked => self.finish(Failure::INTERNAL.into()),
            Ending::Outcome(outcome) => self.finish(outcome),
        }
    }
}

impl Framed for RunningMigration {
    fn frame(&mut self) -> &mut Frame {
        self.frame_mut()
    }
}

/// What a finished migration says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Bytes that were moved.
    pub bytes: Option<u64>,
    /// How long the guest stood still, in seconds.
    pub downtime: Option<f64>,
}

/// Measures nothing.
pub fn no_measure<T>(_: &T) -> Measured {
    Measured::default()
}

/// Reads the bytes that a successful migration moved.
pub fn measure_bytes<R: AsResult>(
    bytes: impl FnOnce(&R::Value) -> u64,
) -> impl FnOnce(&R) -> Measured {
    read_value(|done: &R::Value| Measured {
        bytes: Some(bytes(done)),
        downtime: None,
    })
}

/// Reads how long the guest stood still in a successful migration.
pub fn measure_downtime<R: AsResult, S: Into<Seconds>>(
    downtime: impl FnOnce(&R::Value) -> S,
) -> impl FnOnce(&R) -> Measured {
    read_value(|done: &R::Value| Measured {
        bytes: None,
        downtime: Some(downtime(done).into().get()),
    })
}

/// Reads both.
pub fn measure<R: AsResult, S: Into<Seconds>>(
    bytes: impl FnOnce(&R::Value) -> u64,
    downtime: impl FnOnce(&R::Value) -> S,
) -> impl FnOnce(&R) -> Measured {
    read_value(|done: &R::Value| Measured {
        bytes: Some(bytes(done)),
        downtime: Some(downtime(done).into().get()),
    })
}

fn read_value<R: AsResult>(
    read: impl FnOnce(&R::Value) -> Measured,
) -> impl FnOnce(&R) -> Measured {
    |result| result.as_result().map(read).unwrap_or_default()
}

/// Runs a marked `async fn`.
pub fn migration_future<F, C, M>(
    recorder: Recorder,
    site: MigrationSite,
    classify: C,
    measure: M,
    future: F,
) -> impl Future<Output = F::Output>
where
    F: Future,
    C: FnOnce(&F::Output) -> Outcome,
    M: FnOnce(&F::Output) -> Measured,
{
    let work = site.0.begin_with(recorder);
    let notes = work.notes();
    let classify = move |value: &F::Output| {
        notes.take(measure(value));
        classify(value)
    };
    Counted::new(work, classify, future)
}

/// Runs a marked `fn`.
pub fn migration_sync<R>(
    recorder: Recorder,
    site: MigrationSite,
    classify: impl FnOnce(&R) -> Outcome,
    measure: impl FnOnce(&R) -> Measured,
    f: impl FnOnce() -> R,
) -> R {
    let work = site.0.begin_with(recorder);
    let notes = work.notes();
    let classify = move |value: &R| {
        notes.take(measure(value));
        classify(value)
    };
    count(work, classify, f)
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
