//! How a listener is set up.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::BearerAuth;
#[cfg(feature = "tls")]
use super::super::tls::TlsFiles;
use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "health")]
use crate::health::HealthService;

/// How a [`Listener`](super::Listener) is set up.
///
/// ```
/// use novacron_telemetry::expose::{BearerAuth, ListenerOptions, Token};
///
/// let options = ListenerOptions::new(([127, 0, 0, 1], 0))
///     .auth(BearerAuth::new(Token::generate()?))
///     .prefix("/node-7")?;
/// # let _ = options;
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing listens yet"]
pub struct ListenerOptions {
    pub(super) address: SocketAddr,
    pub(super) prefix: String,
    pub(super) index: bool,
    pub(super) auth: Option<BearerAuth>,
    pub(super) protect_health: bool,
    pub(super) limits: ListenerLimits,
    #[cfg(feature = "health")]
    pub(super) health: Option<HealthService>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<TlsFiles>,
}

impl ListenerOptions {
    /// Listens on this address; port 0 takes any free one.
    pub fn new(address: impl Into<SocketAddr>) -> Self {
        Self {
            address: address.into(),
            prefix: String::new(),
            index: true,
            auth: None,
            protect_health: false,
            limits: ListenerLimits::default(),
            #[cfg(feature = "health")]
            health: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Where it will listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers probes with this. `Telemetry::listen` does so with its own health unless another was
    /// given.
    #[cfg(feature = "health")]
    pub fn health(mut self, health: HealthService) -> Self {
        self.health = Some(health);
        self
    }

    /// Whether it was told whose health it answers with.
    #[cfg(feature = "health")]
    pub(crate) fn has_health(&self) -> bool {
        self.health.is_some()
    }

    /// Who may scrape, if not everybody.
    pub(crate) fn guard(&self) -> Option<&BearerAuth> {
        self.auth.as_ref()
    }

    /// Speaks TLS with what is in these files, and nothing else.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, files: TlsFiles) -> Self {
        self.tls = Some(files);
        self
    }

    /// Answers scrapes only to those who have a token. Probes are still answered to everybody, but
    /// without details: their status says all that a load balancer asks.
    pub fn auth(mut self, auth: BearerAuth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Answers probes, too, only to those who have a token. Default: no.
    pub fn protect_health(mut self, protect: bool) -> Self {
        self.protect_health = protect;
        self
    }

    /// Answers below this path: `/node-7/metrics` instead of `/metrics`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if it does not begin with a slash, ends with one, or holds what
    /// a path does not.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Result<Self> {
        let prefix = prefix.into();
        let good = prefix.is_empty()
            || prefix.starts_with('/')
                && prefix[1..].split('/').all(|part| {
                    !matches!(part, "" | "." | "..")
                        && part.bytes().all(
                            |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'),
                        )
                });
        if !good {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "prefix `{}`: it is a path like `/node-7`",
                    prefix.escape_debug()
                ),
            ));
        }
        self.prefix = prefix;
        Ok(self)
    }

    /// Whether `/` is answered with a page of links. Default: yes.
    pub fn index(mut self, index: bool) -> Self {
        self.index = index;
        self
    }

    /// How much it puts up with.
    pub fn limits(mut self, limits: ListenerLimits) -> Self {
        self.limits = limits;
        self
    }
}

/// How much a listener puts up with, from all and from each.
///
/// ```
/// use novacron_telemetry::expose::ListenerLimits;
///
/// let mut limits = ListenerLimits::default();
/// limits.connections = 32;
/// # let _ = limits;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerLimits {
    /// Connections at once. When they are all taken, the one that has been waited for longest makes
    /// room. Default: 128.
    pub connections: usize,
    /// Of these, from one source: an IPv4 address, or a /64 of IPv6. Default: 96.
    pub connections_per_source: usize,
    /// Bytes of a request's head. At least 8192. Default: 16 384.
    pub header_bytes: usize,
    /// Headers of a request. Default: 64.
    pub headers: usize,
    /// How long a new connection has for the TLS handshake, and for the whole head of its first
    /// request; and a later request for its head, from its first byte on. Default: 10 s.
    pub head: Duration,
    /// How long a connection may be kept without a request. Default: 120 s.
    pub idle: Duration,
    /// How long a reader may take nothing. Default: 10 s.
    pub stalled: Duration,
    /// How long an answer may take altogether. Default: 30 s.
    pub answer: Duration,
    /// How old a connection may get before it is closed after an answer. Default: 10 minutes.
    pub age: Duration,
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections: 128,
            connections_per_source: 96,
            header_bytes: 16 * 1024,
            headers: 64,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            stalled: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            age: Duration::from_secs(600),
        }
    }
}

impl ListenerLimits {
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::new(ErrorKind::InvalidConfig, what.to_owned()));
        if self.connections == 0 || self.connections_per_source == 0 || self.headers == 0 {
            return wrong("limits: nothing would be answered; each is at least 1");
        }
        if !(8192..=1 << 20).contains(&self.header_bytes) {
            return wrong("limits: `header_bytes` is from 8192 to 1048576");
        }
        let times = [self.head, self.idle, self.stalled, self.answer, self.age];
        if times
            .iter()
            .any(|time| time.is_zero() || *time > Duration::from_secs(86_400))
        {
            return wrong("limits: a deadline is more than nothing, and at most a day");
        }
        Ok(())
    }
}
