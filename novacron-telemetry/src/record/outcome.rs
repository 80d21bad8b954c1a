//! How work ended, and how that is told from what a function returned.

use crate::catalog::{ApiError, MigrationError, Status};

/// How a piece of work ended, in the words of its author. That it panicked or was dropped nobody
/// needs to say: the guard notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Success,
    /// Not as asked, for this reason.
    Failure(Failure),
    /// Called off by somebody who may.
    Cancelled,
    /// Out of time.
    TimedOut,
}

/// Why work failed: a response code and a class, both closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The response code that a client sees, or would see.
    pub status: Status,
    /// The class of the error.
    pub error_type: ApiError,
    /// What it is for a migration, if it was made of that.
    migration: Option<MigrationError>,
}

impl Failure {
    /// An error inside the service: 500, `internal`.
    pub const INTERNAL: Failure = Failure::new(Status::INTERNAL, ApiError::Internal);

    /// A failure of this class, answered with this code.
    #[must_use]
    pub const fn new(status: Status, error_type: ApiError) -> Self {
        Self {
            status,
            error_type,
            migration: None,
        }
    }

    /// Work that unwound.
    pub(super) const PANICKED: Failure = Failure::new(Status::INTERNAL, ApiError::Panic);

    /// The failure that a response code means.
    #[must_use]
    pub const fn from_status(status: Status) -> Self {
        match ApiError::of_status(status) {
            Some(class) => Self::new(status, class),
            None => Self::new(status, ApiError::Other),
        }
    }

    pub(super) const fn migration_error(self) -> Option<MigrationError> {
        self.migration
    }
}

impl ApiError {
    /// The class of a response code; `None` for codes that are no errors.
    #[must_use]
    pub const fn of_status(status: Status) -> Option<Self> {
        Some(match status.code() {
            ..400 => return None,
            400 | 405 | 406 | 411 | 415 | 422 => Self::BadRequest,
            401 | 407 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            409 | 412 => Self::Conflict,
            408 | 504 => Self::Timeout,
            413 | 414 | 431 => Self::PayloadTooLarge,
            429 => Self::RateLimited,
            499 => Self::ClientClosed,
            500 => Self::Internal,
            502 => Self::BadGateway,
            503 => Self::Unavailable,
            _ => Self::Other,
        })
    }
}

impl Outcome {
    /// Success if there is something, 404 if not.
    #[must_use]
    pub fn from_option<T>(found: &Option<T>) -> Self {
        match found {
            Some(_) => Self::Success,
            None => Failure::from_status(Status::new(404)).into(),
        }
    }

    /// The response code that stands for this outcome.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Success => Status::OK,
            Self::Failure(failure) => failure.status,
            Self::Cancelled => Status::CLIENT_CLOSED,
            Self::TimedOut => Status::TIMED_OUT,
        }
    }
}

/// What a migration met, with the response code that a client who asked for it sees.
impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Self {
        let status = match error {
            MigrationError::ResourceLimit => Status::new(503),
            MigrationError::StreamFailed | MigrationError::PacketLoss => Status::new(502),
            _ => Status::INTERNAL,
        };
        Self {
            migration: Some(error),
            ..Self::from_status(status)
        }
    }
}

impl From<MigrationError> for Outcome {
    fn from(error: MigrationError) -> Self {
        Self::Failure(error.into())
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure.error_type {
            ApiError::Timeout => Self::TimedOut,
            _ => Self::Failure(failure),
        }
    }
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        match ApiError::of_status(status) {
            None => Self::Success,
            Some(_) => Failure::from_status(status).into(),
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::from_status(status)
    }
}

impl From<bool> for Outcome {
    fn from(success: bool) -> Self {
        if success {
            Self::Success
        } else {
            Failure::INTERNAL.into()
        }
    }
}

/// What says of itself whether it is a success.
///
/// `Result` does, and so do `()`, which cannot fail, and a response, which has a status. For other
/// types give the attribute a reader: `outcome = |found| Outcome::from_option(found)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether it is a success or a failure",
    label = "what does this value mean?",
    note = "return a `Result`,",
    note = "or add `outcome = |value| …` to the attribute, which returns an `Outcome`,",
    note = "or implement `ToOutcome` for the type"
)]
pub trait ToOutcome {
    /// How the work ended that returned this.
    fn to_outcome(&self) -> Outcome;
}

/// A `Result`, whatever it is called; lets closures be written without naming its types.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `Result`",
    label = "expected a `Result`",
    note = "`error`, and what measures such as `bytes`, read the error or the value of a `Result`",
    note = "to read another type, write `outcome = |value| …`"
)]
pub trait AsResult {
    type Value;
    type Error;

    fn as_result(&self) -> Result<&Self::Value, &Self::Error>;
}

impl<T, E> AsResult for Result<T, E> {
    type Value = T;
    type Error = E;

    fn as_result(&self) -> Result<&T, &E> {
        self.as_ref()
    }
}

impl ToOutcome for () {
    fn to_outcome(&self) -> Outcome {
        Outcome::Success
    }
}

impl<T, E> ToOutcome for Result<T, E> {
    fn to_outcome(&self) -> Outcome {
        match self {
            Ok(_) => Outcome::Success,
            Err(_) => Failure::INTERNAL.into(),
        }
    }
}

impl ToOutcome for Outcome {
    fn to_outcome(&self) -> Outcome {
        *self
    }
}

#[cfg(feature = "http")]
impl<B> ToOutcome for http::Response<B> {
    fn to_outcome(&self) -> Outcome {
        Status::new(self.status().as_u16()).into()
    }
}

#[cfg(feature = "http")]
impl ToOutcome for http::StatusCode {
    fn to_outcome(&self) -> Outcome {
        Status::new(self.as_u16()).into()
    }
}
