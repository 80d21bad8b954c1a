//! A port of our own for scrapes and probes.

mod body;
mod conn;
mod gate;
mod io;
mod options;
mod phase;
mod run;
mod site;

pub use options::{ListenerLimits, ListenerOptions};

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::sync::watch;

use self::conn::Shared;
use self::gate::Gate;
use self::site::Site;
#[cfg(feature = "tls")]
use super::tls::Tls;
use super::{BearerAuth, MetricsService};
use crate::error::{Error, ErrorKind, Result};
use crate::metric::{Counter, Gauge, UpDownGauge};
use crate::sync::{Condvar, Mutex};

/// What a listener counts about itself, as handles of whatever families the host chose.
#[derive(Clone, Debug)]
#[must_use]
pub struct ListenerMetrics {
    /// Connections that are open.
    pub active: UpDownGauge,
    /// Connections that made room for others, or found none.
    pub limit: Counter,
    /// Connections closed because they kept us waiting.
    pub timeout: Counter,
    /// Connections with which no TLS was agreed on.
    pub tls: Counter,
    /// When the certificate expires, in Unix seconds; with the feature `tls`.
    pub certificate_expiry: Gauge,
}

impl ListenerMetrics {
    /// Counts nothing.
    pub const fn noop() -> Self {
        Self {
            active: UpDownGauge::noop(),
            limit: Counter::noop(),
            timeout: Counter::noop(),
            tls: Counter::noop(),
            certificate_expiry: Gauge::noop(),
        }
    }
}

/// How a listener was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Connections that were cut in the middle of an answer, because the deadline passed.
    pub cut: usize,
}

/// A port that answers scrapes. Cheap to clone; it is closed when the last clone is gone.
///
/// It answers on its own thread, with a runtime of its own: it needs none of the host's
/// and stays responsive when the host's is not. It speaks HTTP/1.1 and nothing else.
///
/// | path | answer |
/// |---|---|
/// | `/metrics` | the exposition |
/// | `/health`, `/healthz`, `/livez`, `/readyz` | the service's health, with the feature `health` |
/// | `/` | links to these |
///
/// Whoever asks and reads is answered, whatever else is connected: at every limit it is the
/// connection that has been waited for longest that makes room. See [`ListenerLimits`].
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use std::time::Duration;
/// use novacron_telemetry::Telemetry;
/// use novacron_telemetry::expose::ListenerOptions;
///
/// let telemetry = Telemetry::builder("api-server", "1.0.0").build()?;
/// let listener = telemetry.listen(ListenerOptions::new(([127, 0, 0, 1], 0)))?;
///
/// let mut stream = TcpStream::connect(listener.local_addr())?;
/// stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
/// assert!(answer.contains("novacron_build_info{"));
///
/// telemetry.shutdown_blocking(Duration::from_secs(5))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Listener(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    address: SocketAddr,
    auth: Option<BearerAuth>,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
    orders: watch::Sender<Option<Instant>>,
    ended: Arc<Ended>,
}

/// How it ended, for those who wait for it in either way.
#[derive(Debug)]
struct Ended {
    there: Condvar,
    how: Mutex<Option<Drained>>,
    told: watch::Sender<Option<Drained>>,
}

impl Ended {
    fn tell(&self, how: Drained) {
        *self.how.lock() = Some(how);
        self.there.notify_all();
        self.told.send_replace(Some(how));
    }
}

/// Tells how it ended even if the thread does not come to its end.
struct Telling(Arc<Ended>, Drained);

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.tell(self.1);
    }
}

impl Listener {
    /// Takes the port and answers from now on.
    ///
    /// [`Telemetry::listen`](crate::Telemetry) does this with all that a host has.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Bind`] if the port cannot be had, with a hint why;
    /// [`ErrorKind::InvalidConfig`] if a limit makes no sense or the files for TLS cannot be used;
    /// [`ErrorKind::Exporter`] if no thread can be started.
    pub fn bind(
        options: ListenerOptions,
        metrics: MetricsService,
        counts: ListenerMetrics,
    ) -> Result<Self> {
        let ListenerOptions {
            address,
            prefix,
            index,
            auth,
            protect_health,
            limits,
            #[cfg(feature = "health")]
            health,
            #[cfg(feature = "tls")]
            tls,
        } = options;
        limits.check()?;
        #[cfg(feature = "tls")]
        let tls = tls
            .map(|files| Tls::load(files, counts.certificate_expiry.clone()))
            .transpose()?;
        #[cfg(feature = "tls")]
        let encrypted = tls.is_some();
        #[cfg(not(feature = "tls"))]
        let encrypted = false;
        let shared = Arc::new(Shared {
            site: Arc::new(Site {
                metrics,
                #[cfg(feature = "health")]
                health,
                auth: auth.clone(),
                protect_health,
                prefix,
                index,
                gate: Gate::new(limits, counts),
            }),
            #[cfg(feature = "tls")]
            tls: tls.clone(),
        });
        let (orders, told) = watch::channel(None);
        let ended = Arc::new(Ended {
            there: Condvar::new(),
            how: Mutex::new(None),
            told: watch::Sender::new(None),
        });
        let address = start(address, shared, told, Arc::clone(&ended))?;
        if auth.is_some() && !encrypted && !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                "tokens travel unencrypted to this listener; give it a certificate, or put TLS in \
                 front of it"
            );
        }
        Ok(Self(Arc::new(Handle {
            address,
            auth,
            #[cfg(feature = "tls")]
            tls,
            orders,
            ended,
        })))
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.0.address
    }

    /// Reads its token and its certificates again, now: for SIGHUP. It looks at the files by itself,
    /// too, but says nothing to whoever changed them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] that names the file. What was good before stays in use.
    pub fn reload(&self) -> Result<()> {
        let token = self.0.auth.as_ref().map_or(Ok(()), BearerAuth::reload);
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.0.tls {
            tls.reload()?;
        }
        token
    }

    /// Gives the port back, lets the answers that are under way end until the deadline, and cuts
    /// those that have not. A second call waits for the first, and may shorten its deadline.
    pub async fn shutdown(&self, deadline: Duration) -> Drained {
        self.close(deadline);
        let mut told = self.0.ended.told.subscribe();
        let how = told.wait_for(Option::is_some).await;
        how.ok().and_then(|how| *how).unwrap_or_default()
    }

    /// As [`shutdown`](Self::shutdown), for programs without a runtime.
    pub fn shutdown_blocking(&self, deadline: Duration) -> Drained {
        let begun = Instant::now();
        self.close(deadline);
        let mut how = self.0.ended.how.lock();
        loop {
            if let Some(how) = *how {
                return how;
            }
            // A little longer: the thread keeps the deadline, and says what became of it.
            let rest = (deadline + Duration::from_millis(200)).saturating_sub(begun.elapsed());
            if rest.is_zero() {
                return Drained::default();
            }
            how = self.0.ended.there.wait_timeout(how, rest);
        }
    }

    fn close(&self, deadline: Duration) {
        let now = Instant::now();
        let deadline = now.checked_add(deadline).unwrap_or(now);
        self.0.orders.send_if_modified(|orders| {
            let sooner = orders.is_none_or(|until| deadline < until);
            if sooner {
                *orders = Some(deadline);
            }
            sooner
        });
    }
}

/// Starts the thread, and waits until it has the port.
fn start(
    address: SocketAddr,
    shared: Arc<Shared>,
    orders: watch::Receiver<Option<Instant>>,
    ended: Arc<Ended>,
) -> Result<SocketAddr> {
    let failed = |error| Error::new(ErrorKind::Exporter, "thread").with_source(error);
    let (tell, told) = mpsc::channel();
    let serve = move || {
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = tell.send(Err(failed(error)));
                return;
            }
        };
        runtime.block_on(async {
            let listener = run::bind(address).and_then(|listener| {
                let address = listener.local_addr().map_err(|error| {
                    Error::new(ErrorKind::Bind, address.to_string()).with_source(error)
                })?;
                Ok((listener, address))
            });
            match listener {
                Ok((listener, address)) => {
                    let mut telling = Telling(ended, Drained::default());
                    let _ = tell.send(Ok(address));
                    telling.1.cut = run::run(listener, shared, orders).await;
                }
                Err(error) => {
                    let _ = tell.send(Err(error));
                }
            }
        });
    };
    let thread = thread::Builder::new().name("novacron-listener".to_owned());
    thread.spawn(serve).map_err(failed)?;
    told.recv().unwrap_or_else(|_| {
        let gone = std::io::Error::other("it ended before it listened");
        Err(failed(gone))
    })
}
