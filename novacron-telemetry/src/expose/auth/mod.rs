//! Who may scrape: a bearer token. [`BearerAuth`] says how it is kept and compared.

mod book;
mod follow;
mod layer;
mod strikes;
mod token;

pub use layer::{AuthLayer, Guarded, GuardedFuture};
pub use token::Token;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

use self::book::{Book, Found};
use self::follow::{Followed, Look};
use self::strikes::Strikes;
use self::token::Digest;
use crate::error::Result;
use crate::metric::{Counter, Timestamp};
use crate::sync::{Mutex, OnceLock};

/// The tokens that let a request pass. Cheap to clone: all clones know the same ones.
///
/// It says of a request whether it may pass. `Listener` asks it by
/// itself; in a host's own server [`layer`](Self::layer) stands in front of any service.
///
/// - Of tokens only SHA-256 digests are kept. They are compared in constant time, and each request
///   is compared with all of them, so that neither time nor order says anything.
/// - A token from a file follows the file: it is looked at once a second, and whenever a request
///   would be refused. A bad edit leaves the last good token in place and is told once.
/// - After a rotation the old token is accepted for a grace period, measured by a clock that cannot
///   be set.
/// - Nothing is remembered of who was let in. Who is refused again and again is answered later
///   and later, by source address; **a right token never waits**, whatever comes from its address.
///   What keeps guessing hopeless is the token's length: [`Token::generate`].
///
/// ```
/// use http::{Request, StatusCode};
/// use novacron_telemetry::Registry;
/// use novacron_telemetry::expose::{BearerAuth, MetricsService, Token};
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// let token = Token::generate()?;
/// let header = format!("Bearer {}", token.expose());
/// let auth = BearerAuth::new(token);
/// let mut service = auth.layer().layer(MetricsService::new(Registry::new()));
///
/// let scrape = |header: &str| Request::get("/metrics").header("authorization", header).body(()).unwrap();
/// let status = |future| {
///     match Future::poll(std::pin::pin!(future), &mut std::task::Context::from_waker(std::task::Waker::noop())) {
///         std::task::Poll::Ready(Ok::<http::Response<_>, std::convert::Infallible>(answer)) => answer.status(),
///         _ => unreachable!(),
///     }
/// };
/// assert_eq!(status(service.call(scrape("Bearer guess"))), StatusCode::UNAUTHORIZED);
/// assert_eq!(status(service.call(scrape(&header))), StatusCode::OK);
/// # let _ = &mut context;
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone)]
pub struct BearerAuth(Arc<Inner>);

struct Inner {
    book: Mutex<Book>,
    file: Option<Mutex<Followed>>,
    grace: Duration,
    strikes: Strikes,
    metrics: OnceLock<AuthMetrics>,
}

/// How long an old token is accepted after a rotation, unless one says otherwise.
const GRACE: Duration = Duration::from_secs(300);

/// What is counted about authentication, as handles of whatever families the host chose.
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthMetrics {
    /// Requests without a token.
    pub missing: Counter,
    /// Requests with a wrong one, or with something else in its place.
    pub invalid: Counter,
    /// Requests with an old one whose grace period is over.
    pub expired: Counter,
    /// Answers with 401.
    pub unauthorized: Counter,
    /// When the token was changed last.
    pub last_rotation: Timestamp,
    /// Times that a file was found changed, and read.
    pub reloaded: Counter,
    /// Times that a file was found changed, and held no token.
    pub not_reloaded: Counter,
}

impl AuthMetrics {
    /// Counts nothing.
    pub const fn noop() -> Self {
        Self {
            missing: Counter::noop(),
            invalid: Counter::noop(),
            expired: Counter::noop(),
            unauthorized: Counter::noop(),
            last_rotation: Timestamp::noop(),
            reloaded: Counter::noop(),
            not_reloaded: Counter::noop(),
        }
    }
}

static NOOP: AuthMetrics = AuthMetrics::noop();

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// It carries no token.
    Missing,
    /// It carries a wrong one, or says it in a way that is not understood.
    Invalid,
    /// It carries an old one, whose grace period is over.
    Expired,
    /// It has several `Authorization` headers: whoever is in front may have looked at another one.
    Ambiguous,
}

/// A refusal, and how long it should be held back from whoever is refused all the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Denial {
    pub(crate) why: Refused,
    pub(crate) held: Duration,
}

impl BearerAuth {
    /// Lets requests with this token pass.
    #[must_use]
    pub fn new(token: Token) -> Self {
        Self::assemble(Book::new(token.into_digest()), None)
    }

    /// Lets requests pass with the token that is in this file, and follows the file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) that names the file and what to
    /// do, if there is no token in it: nothing is served without one by mistake.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self> {
        let (followed, digest) = Followed::open(path.into())?;
        Ok(Self::assemble(Book::new(digest), Some(followed)))
    }

    /// Lets requests pass with the token that an environment variable holds now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) that names the variable.
    pub fn from_env(variable: &str) -> Result<Self> {
        Token::from_env(variable).map(Self::new)
    }

    fn assemble(book: Book, file: Option<Followed>) -> Self {
        Self(Arc::new(Inner {
            book: Mutex::new(book),
            file: file.map(Mutex::new),
            grace: GRACE,
            strikes: Strikes::default(),
            metrics: OnceLock::new(),
        }))
    }

    /// Lets requests with this token pass, too.
    #[must_use]
    pub fn and(self, token: Token) -> Self {
        self.0.book.lock().add(token.into_digest());
        self
    }

    /// How long the old token is accepted after a rotation. Default: 5 minutes.
    ///
    /// What else holds a clone of this keeps the period that it had.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Self(Arc::new(Inner { grace, ..inner })),
            Err(shared) => {
                let file = shared.file.as_ref().map(|file| file.lock().clone());
                let mut copy = Self::assemble(shared.book.lock().clone(), file);
                if let Some(inner) = Arc::get_mut(&mut copy.0) {
                    inner.grace = grace;
                }
                copy
            }
        }
    }

    /// Counts in these from now on. The first call decides.
    pub fn measure(&self, metrics: AuthMetrics) {
        let metrics = self.0.metrics.get_or_init(|| metrics);
        if let Some(seconds) = self.0.file.as_ref().and_then(|file| file.lock().written()) {
            metrics.last_rotation.set(seconds);
        }
    }

    /// Puts this token in the place of all others, which are accepted for the grace period.
    pub fn rotate(&self, token: Token) {
        self.0
            .book
            .lock()
            .replace(token.into_digest(), self.0.grace);
        self.metrics().last_rotation.set_now();
        tracing::info!(grace = ?self.0.grace, "the token for scrapes was rotated");
    }

    /// Reads the token's file again, now: for whoever is told that it changed. Without a file there
    /// is nothing to do.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file). The token that was good stays.
    pub fn reload(&self) -> Result<()> {
        let Some(file) = &self.0.file else {
            return Ok(());
        };
        let mut file = file.lock();
        // Whoever asks for it counts what came of it.
        let digest = file.read_now()?;
        self.adopt(&digest, file.written());
        Ok(())
    }

    /// A layer that lets only these requests pass.
    #[must_use]
    pub fn layer(&self) -> AuthLayer {
        AuthLayer::new(self.clone())
    }

    /// Whether a request with these headers may pass.
    ///
    /// # Errors
    ///
    /// Why it may not.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Refused> {
        self.check_from(headers, None).map_err(|denial| denial.why)
    }

    /// The same, of a request from this address.
    pub(crate) fn check_from(
        &self,
        headers: &HeaderMap,
        source: Option<IpAddr>,
    ) -> Result<(), Denial> {
        self.follow();
        let found = match presented(headers) {
            Ok(token) => self.find(&Digest::of(token)),
            Err(why) => Err(why),
        };
        found.map_err(|why| {
            let metrics = self.metrics();
            match why {
                Refused::Missing => metrics.missing.inc(),
                Refused::Invalid | Refused::Ambiguous => metrics.invalid.inc(),
                Refused::Expired => metrics.expired.inc(),
            }
            let held = self.0.strikes.strike(source, Instant::now());
            Denial { why, held }
        })
    }

    fn find(&self, digest: &Digest) -> Result<(), Refused> {
        let look = |now| self.0.book.lock().find(digest, now);
        let found = match look(Instant::now()) {
            Found::Good => return Ok(()),
            // Whoever rotated it may use it at once, before the file was looked at again.
            _ if self.look(Look::For(digest)) => look(Instant::now()),
            found => found,
        };
        match found {
            Found::Good => Ok(()),
            Found::Expired => Err(Refused::Expired),
            Found::Unknown => Err(Refused::Invalid),
        }
    }

    /// Looks at the token's file if it was not looked at lately.
    pub(crate) fn follow(&self) {
        self.look(Look::IfDue);
    }

    /// Whether the file said something new.
    fn look(&self, look: Look<'_>) -> bool {
        let Some(file) = &self.0.file else {
            return false;
        };
        let mut file = file.lock();
        match file.look(look, Instant::now()) {
            None => false,
            Some(Ok(digest)) => {
                self.metrics().reloaded.inc();
                self.adopt(&digest, file.written());
                true
            }
            Some(Err(error)) => {
                self.metrics().not_reloaded.inc();
                tracing::warn!(%error, "the token was not read again; the old one holds");
                false
            }
        }
    }

    fn adopt(&self, digest: &Digest, written: Option<f64>) {
        let new = self.0.book.lock().replace(digest.clone(), self.0.grace);
        if new {
            let rotated = self.metrics().last_rotation;
            match written {
                Some(seconds) => rotated.set(seconds),
                None => rotated.set_now(),
            }
            tracing::info!(grace = ?self.0.grace, "the token for scrapes was rotated");
        }
    }

    fn metrics(&self) -> &AuthMetrics {
        self.0.metrics.get().unwrap_or(&NOOP)
    }

    /// The head of the answer to a refused request.
    pub(crate) fn refuse<B: Default>(&self, denial: Denial) -> Response<B> {
        let mut response = Response::new(B::default());
        let headers = response.headers_mut();
        let status = match denial.why {
            Refused::Ambiguous => StatusCode::BAD_REQUEST,
            _ if denial.held.is_zero() => StatusCode::UNAUTHORIZED,
            _ => {
                let seconds = denial.held.as_secs() + 1;
                headers.insert(header::RETRY_AFTER, seconds.into());
                StatusCode::TOO_MANY_REQUESTS
            }
        };
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
            self.metrics().unauthorized.inc();
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        *response.status_mut() = status;
        response
    }
}

/// The token that a request carries.
fn presented(headers: &HeaderMap) -> Result<&[u8], Refused> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let value = all.next().ok_or(Refused::Missing)?;
    if all.next().is_some() {
        return Err(Refused::Ambiguous);
    }
    let value = value.as_bytes().trim_ascii();
    let (scheme, token) = match value.iter().position(|byte| *byte == b' ') {
        Some(at) => value.split_at(at),
        None => (value, &[][..]),
    };
    let token = token.trim_ascii();
    match scheme.eq_ignore_ascii_case(b"bearer") && !token.is_empty() {
        true => Ok(token),
        false => Err(Refused::Invalid),
    }
}

impl fmt::Debug for BearerAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerAuth")
            .field("grace", &self.0.grace)
            .finish_non_exhaustive()
    }
}
