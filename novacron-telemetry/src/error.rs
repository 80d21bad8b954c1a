//! What can go wrong while setting up or shutting down. Recording has no errors.

use std::borrow::Cow;
use std::fmt;

type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A failure to set telemetry up or to shut it down.
///
/// It says one line, names the thing it is about, and keeps its source. Match on [`Error::kind`].
///
/// ```
/// use novacron_telemetry::{ErrorKind, Registry};
/// use novacron_telemetry::catalog::ApiMetrics;
///
/// let registry = Registry::new();
/// assert!(registry.register::<ApiMetrics>().is_ok());
/// assert!(registry.register::<ApiMetrics>().is_ok(), "the same group again is the same group");
/// # let _ = ErrorKind::ConflictingMetric;
/// ```
pub struct Error {
    kind: ErrorKind,
    subject: Cow<'static, str>,
    source: Option<BoxError>,
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Telemetry is installed in this process already; the first installation stays as it is.
    AlreadyInstalled,
    /// A `tracing` subscriber is set in this process already; it stays as it is.
    SubscriberInstalled,
    /// A metric of this name exists with another type, other labels or other buckets.
    ConflictingMetric,
    /// A name, label or bucket breaks the rules of the exposition formats.
    InvalidMetric,
    /// A setting has a value that cannot be used.
    InvalidConfig,
    /// An address could not be bound.
    Bind,
    /// Something outside the process refused to work with us.
    Exporter,
    /// The deadline passed before everything was flushed.
    ShutdownTimedOut,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, subject: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            subject: subject.into(),
            source: None,
        }
    }

    #[allow(
        dead_code,
        reason = "only what does I/O has sources, and that is behind features"
    )]
    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The metric, setting or address it is about.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = &self.subject;
        match self.kind {
            ErrorKind::AlreadyInstalled => write!(
                f,
                "telemetry is already installed by {subject}; use `build()` for a second, separate one"
            ),
            ErrorKind::SubscriberInstalled => {
                write!(f, "a tracing subscriber is set already; {subject}")
            }
            ErrorKind::ConflictingMetric => write!(f, "metric {subject}"),
            ErrorKind::InvalidMetric | ErrorKind::InvalidConfig => f.write_str(subject),
            ErrorKind::Bind => write!(f, "cannot listen on {subject}"),
            ErrorKind::Exporter => write!(f, "exporter {subject} failed"),
            ErrorKind::ShutdownTimedOut => write!(f, "shutdown ran out of time: {subject}"),
        }?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("subject", &self.subject)
            .field("source", &self.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Short for a result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
