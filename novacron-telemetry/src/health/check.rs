//! One check: what it asks, how often, how long it may take, and what it found last.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalog::health::CheckResult;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::Mutex;

/// How a component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Healthy,
    /// It works, and somebody should look.
    Degraded(String),
    /// It does not work.
    Unhealthy(String),
}

impl Verdict {
    /// It works, and somebody should look, for this reason.
    pub fn degraded(why: impl Into<String>) -> Self {
        Self::Degraded(why.into())
    }

    /// It does not work, for this reason.
    pub fn unhealthy(why: impl Into<String>) -> Self {
        Self::Unhealthy(why.into())
    }
}

/// What a check may return: a [`Verdict`], a `bool`, or a `Result` whose error says why not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how a component is",
    note = "a health check returns a `Verdict`, a `bool`, or a `Result<(), impl Display>`"
)]
pub trait IntoVerdict {
    /// The verdict.
    fn into_verdict(self) -> Verdict;
}

impl IntoVerdict for Verdict {
    fn into_verdict(self) -> Verdict {
        self
    }
}

impl IntoVerdict for bool {
    fn into_verdict(self) -> Verdict {
        match self {
            true => Verdict::Healthy,
            false => Verdict::unhealthy("the check said no"),
        }
    }
}

impl<E: fmt::Display> IntoVerdict for std::result::Result<(), E> {
    fn into_verdict(self) -> Verdict {
        match self {
            Ok(()) => Verdict::Healthy,
            Err(error) => Verdict::Unhealthy(error.to_string()),
        }
    }
}

type Asked = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// What a check runs.
pub(super) enum Ask {
    Future(Box<dyn Fn() -> Asked + Send + Sync>),
    Blocking(Arc<dyn Fn() -> Verdict + Send + Sync>),
    /// Nothing: the host says how the component is.
    Nobody,
}

/// A health check of one component.
///
/// By default it runs every 15 seconds, may take 5, and the service cannot do without what it
/// checks.
#[must_use = "a check runs when it is registered"]
pub struct Check {
    name: Box<str>,
    ask: Ask,
    every: Duration,
    deadline: Duration,
    required: bool,
}

impl Check {
    /// A check that asks a component of this name with a future. It runs on the runtime of the
    /// health thread, so it must not block.
    pub fn new<F, Fut, V>(name: impl Into<String>, ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = V> + Send + 'static,
        V: IntoVerdict,
    {
        let ask = move || -> Asked {
            let asked = ask();
            Box::pin(async move { asked.await.into_verdict() })
        };
        Self::of(name, Ask::Future(Box::new(ask)))
    }

    /// A check that asks a component of this name with a function that may block. It runs on a
    /// thread of its own, and never twice at once.
    pub fn blocking<F, V>(name: impl Into<String>, ask: F) -> Self
    where
        F: Fn() -> V + Send + Sync + 'static,
        V: IntoVerdict,
    {
        Self::of(name, Ask::Blocking(Arc::new(move || ask().into_verdict())))
    }

    /// A component of which the host says how it is.
    pub(super) fn told(name: impl Into<String>) -> Self {
        // What the host said holds until it says something else.
        Self::of(name, Ask::Nobody).every(Duration::MAX)
    }

    fn of(name: impl Into<String>, ask: Ask) -> Self {
        Self {
            name: name.into().into(),
            ask,
            every: Duration::from_secs(15),
            deadline: Duration::from_secs(5),
            required: true,
        }
    }

    /// How often it runs. Default: every 15 seconds.
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// How long it may take. Default: 5 seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The service can do its work without this component, if less well: when it is unhealthy the
    /// service is degraded.
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    pub(super) fn validate(&self) -> Result<()> {
        let refuse = |what: &str| {
            let name = self.name.escape_debug();
            Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("health check `{name}`: {what}"),
            ))
        };
        match (self.name.is_empty(), self.every, self.deadline) {
            (true, _, _) => refuse("it needs a name"),
            (_, Duration::ZERO, _) => refuse("`every` must be more than zero"),
            (_, _, Duration::ZERO) => refuse("`deadline` must be more than zero"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("every", &self.every)
            .field("deadline", &self.deadline)
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}

/// What a check found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) result: CheckResult,
    /// Why it is not healthy.
    pub(super) message: Option<Box<str>>,
    pub(super) at: Instant,
    pub(super) took: Duration,
}

impl Found {
    pub(super) fn new(verdict: Verdict, begun: Instant) -> Self {
        let (result, message) = match verdict {
            Verdict::Healthy => (CheckResult::Healthy, None),
            Verdict::Degraded(why) => (CheckResult::Degraded, Some(why)),
            Verdict::Unhealthy(why) => (CheckResult::Unhealthy, Some(why)),
        };
        Self::of(result, message, begun)
    }

    pub(super) fn timed_out(deadline: Duration, begun: Instant) -> Self {
        let why = format!("no answer in {deadline:?}");
        Self::of(CheckResult::Timeout, Some(why), begun)
    }

    fn of(result: CheckResult, message: Option<String>, begun: Instant) -> Self {
        let at = Instant::now();
        Self {
            result,
            message: message.map(Into::into),
            at,
            took: at - begun,
        }
    }
}

/// A check that is registered, and what it found last.
#[derive(Debug)]
pub(super) struct Watched {
    check: Check,
    found: Mutex<Option<Found>>,
}

impl Watched {
    pub(super) fn new(check: Check) -> Self {
        Self {
            check,
            found: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.check.name
    }

    pub(super) fn ask(&self) -> &Ask {
        &self.check.ask
    }

    /// Whether it is found out by asking, which takes time.
    pub(super) fn is_asked(&self) -> bool {
        !matches!(self.check.ask, Ask::Nobody)
    }

    pub(super) fn every(&self) -> Duration {
        self.check.every
    }

    pub(super) fn deadline(&self) -> Duration {
        self.check.deadline
    }

    pub(super) fn required(&self) -> bool {
        self.check.required
    }

    /// Takes note of a result, and says what the one before was.
    pub(super) fn note(&self, found: Found) -> Option<CheckResult> {
        let before = self.found.lock().replace(found);
        before.map(|before| before.result)
    }

    /// The last result; a timeout once it is so old that the check must be stuck.
    pub(super) fn found(&self) -> Option<Found> {
        let mut found = self.found.lock().clone()?;
        let age = found.at.elapsed();
        let old = self.check.every.saturating_mul(2);
        if age > old.saturating_add(self.check.deadline) {
            found.result = CheckResult::Timeout;
            found.message = Some(format!("no result for {} s", age.as_secs()).into());
        }
        Some(found)
    }
}
