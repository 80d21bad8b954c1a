//! Why nothing was read.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

/// Why a collector read nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectError {
    kind: CollectErrorKind,
    why: Cow<'static, str>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CollectErrorKind {
    /// There is nothing to read: no such hardware, no such daemon. No failure, and not shown as one.
    Absent,
    /// It is there, but not for this process.
    Denied,
    /// It did not answer in time.
    TimedOut,
    /// It is there and does not work.
    Failed,
}

impl CollectError {
    /// There is nothing to read on this machine.
    #[must_use]
    pub fn absent(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CollectErrorKind::Absent, why)
    }

    /// This process may not read it.
    #[must_use]
    pub fn denied(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CollectErrorKind::Denied, why)
    }

    /// It did not answer in time.
    #[must_use]
    pub fn timed_out(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CollectErrorKind::TimedOut, why)
    }

    /// It is there and does not work.
    #[must_use]
    pub fn failed(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CollectErrorKind::Failed, why)
    }

    fn new(kind: CollectErrorKind, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            why: why.into(),
        }
    }

    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> CollectErrorKind {
        self.kind
    }

    /// What was tried, or what is missing.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The same failure, of this path or target.
    #[must_use]
    pub fn of(mut self, target: impl fmt::Display) -> Self {
        self.why = format!("{target}: {}", self.why).into();
        self
    }
}

impl fmt::Display for CollectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            CollectErrorKind::Absent => "there is nothing to read",
            CollectErrorKind::Denied => "permission denied",
            CollectErrorKind::TimedOut => "no answer in time",
            CollectErrorKind::Failed => "reading failed",
        };
        write!(f, "{kind}: {}", self.why)
    }
}

impl Error for CollectError {}

/// What does not exist is absent; what may not be opened is denied; the rest failed.
impl From<io::Error> for CollectError {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => CollectErrorKind::Absent,
            io::ErrorKind::PermissionDenied => CollectErrorKind::Denied,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => CollectErrorKind::TimedOut,
            _ => CollectErrorKind::Failed,
        };
        Self::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_is_absent_and_no_failure() {
        for (error, kind) in [
            (io::ErrorKind::NotFound, CollectErrorKind::Absent),
            (io::ErrorKind::PermissionDenied, CollectErrorKind::Denied),
            (io::ErrorKind::WouldBlock, CollectErrorKind::TimedOut),
            (io::ErrorKind::InvalidData, CollectErrorKind::Failed),
        ] {
            assert_eq!(CollectError::from(io::Error::from(error)).kind(), kind);
        }
    }

    #[test]
    fn an_error_names_its_target_first() {
        let error = CollectError::failed("no answer").of("/run/libvirt/libvirt-sock-ro");
        assert_eq!(
            error.to_string(),
            "reading failed: /run/libvirt/libvirt-sock-ro: no answer"
        );
    }
}
