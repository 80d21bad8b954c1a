//! How each kind of work spells an outcome.
//!
//! Everybody's work ends as a success or a failure, cancelled, or out of time. Each family has words
//! of its own for that: a gRPC code, a reason, an outcome. This room translates, for verbs and
//! attributes alike.

use super::span::SpanEnd;
use super::{Failure, Outcome};
use crate::catalog::provisioner::JobReason;
use crate::catalog::reconcile::ReconcileOutcome;
use crate::catalog::{ApiError, ErrorReason, GrpcCode};

/// How work of one kind ended, in the words of its families.
pub trait Verdict: From<Outcome> + From<Self::Said> {
    /// What `outcome = …` says.
    type Said;
    /// What `error = …` says of an error.
    type Reason: From<Failure>;

    /// Work that failed for this reason.
    fn failed(reason: Self::Reason) -> Self;

    /// The same to a span.
    fn ending(&self) -> SpanEnd;
}

/// A reason from a closed set.
pub trait Reason: From<Failure> + Copy {
    /// The word for it.
    fn word(self) -> &'static str;
}

impl Reason for ErrorReason {
    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Reason for JobReason {
    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Verdict for Outcome {
    type Said = Outcome;
    type Reason = Failure;

    fn failed(reason: Failure) -> Self {
        reason.into()
    }

    fn ending(&self) -> SpanEnd {
        (*self).into()
    }
}

/// An outcome with a reason from a closed set of the family's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended<R> {
    /// As asked.
    Success,
    /// Not as asked, for this reason.
    Failed(R),
    /// Called off, or dropped.
    Cancelled,
    /// Out of time.
    TimedOut,
    /// It unwound.
    Panicked,
}

impl<R: From<Failure>> From<Outcome> for Ended<R> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Cancelled => Self::Cancelled,
            Outcome::TimedOut => Self::TimedOut,
            Outcome::Failure(failure) if failure == Failure::PANICKED => Self::Panicked,
            Outcome::Failure(failure) => Self::Failed(failure.into()),
        }
    }
}

impl<R: Reason> Verdict for Ended<R> {
    type Said = Outcome;
    type Reason = R;

    fn failed(reason: R) -> Self {
        Self::Failed(reason)
    }

    fn ending(&self) -> SpanEnd {
        match *self {
            Self::Success => SpanEnd::Success,
            Self::Failed(reason) => SpanEnd::Failed(reason.word()),
            Self::Cancelled => SpanEnd::Cancelled,
            Self::TimedOut => SpanEnd::TimedOut,
            Self::Panicked => SpanEnd::Panicked,
        }
    }
}

/// Why an operation failed, as the class of its error has it.
impl From<Failure> for ErrorReason {
    fn from(failure: Failure) -> Self {
        match failure.error_type {
            ApiError::Unauthorized | ApiError::Forbidden => Self::AuthenticationError,
            ApiError::Timeout | ApiError::ClientClosed => Self::Timeout,
            ApiError::NotFound => Self::NotFound,
            ApiError::BadRequest => Self::InvalidSpec,
            ApiError::PayloadTooLarge | ApiError::RateLimited => Self::QuotaExceeded,
            ApiError::Conflict => Self::Conflict,
            ApiError::BadGateway | ApiError::Unavailable => Self::ConnectionFailed,
            ApiError::Panic | ApiError::Internal | ApiError::Other => Self::Internal,
        }
    }
}

/// Why a job failed, as far as the class of an error can say.
impl From<Failure> for JobReason {
    fn from(failure: Failure) -> Self {
        match failure.error_type {
            ApiError::Unauthorized | ApiError::Forbidden => Self::Auth,
            ApiError::Timeout => Self::Timeout,
            ApiError::ClientClosed => Self::Cancelled,
            _ => Self::Other,
        }
    }
}

/// The code that a gRPC server would have answered with.
impl From<Failure> for GrpcCode {
    fn from(failure: Failure) -> Self {
        match failure.error_type {
            ApiError::BadRequest => Self::InvalidArgument,
            ApiError::Unauthorized => Self::Unauthenticated,
            ApiError::Forbidden => Self::PermissionDenied,
            ApiError::NotFound => Self::NotFound,
            ApiError::Conflict => Self::Aborted,
            ApiError::RateLimited | ApiError::PayloadTooLarge => Self::ResourceExhausted,
            ApiError::Timeout => Self::DeadlineExceeded,
            ApiError::ClientClosed => Self::Cancelled,
            ApiError::BadGateway | ApiError::Unavailable => Self::Unavailable,
            ApiError::Panic | ApiError::Internal => Self::Internal,
            ApiError::Other if failure.status.code() == 501 => Self::Unimplemented,
            ApiError::Other => Self::Unknown,
        }
    }
}

/// The code of a call that ended so.
impl From<Outcome> for GrpcCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Ok,
            Outcome::Cancelled => Self::Cancelled,
            Outcome::TimedOut => Self::DeadlineExceeded,
            Outcome::Failure(failure) => failure.into(),
        }
    }
}

impl Verdict for GrpcCode {
    type Said = GrpcCode;
    type Reason = GrpcCode;

    fn failed(reason: GrpcCode) -> Self {
        reason
    }

    /// As a client sees it: whatever is not `OK` is a failure of the call.
    fn ending(&self) -> SpanEnd {
        match self {
            Self::Ok => SpanEnd::Success,
            Self::Cancelled => SpanEnd::Cancelled,
            Self::DeadlineExceeded => SpanEnd::TimedOut,
            _ => SpanEnd::Failed(self.as_str()),
        }
    }
}

/// A loop that returned an error, ran out of time or was dropped broke: `error`. That it was refused,
/// or is to run again, only its author can say.
impl From<Outcome> for ReconcileOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Failure(_) | Outcome::Cancelled | Outcome::TimedOut => Self::Error,
        }
    }
}

impl From<Failure> for ReconcileOutcome {
    fn from(failure: Failure) -> Self {
        Outcome::from(failure).into()
    }
}

impl Verdict for ReconcileOutcome {
    type Said = ReconcileOutcome;
    type Reason = ReconcileOutcome;

    fn failed(reason: ReconcileOutcome) -> Self {
        reason
    }

    fn ending(&self) -> SpanEnd {
        match self {
            Self::Error | Self::Failure => SpanEnd::Failed(self.as_str()),
            _ => SpanEnd::Success,
        }
    }
}
