//! The listener's thread: takes connections, and lets the last ones end.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep, timeout_at};

use super::super::source;
use super::conn::{Guest, Shared, serve};
use crate::error::{Error, ErrorKind, Result};

/// Connections that the system keeps while we are busy; it may keep fewer.
const BACKLOG: u32 = 4096;
/// What the system keeps for a reader who is behind. Doubled by it, and times all connections, this
/// bounds what readers who never read cost.
const SEND_BUFFER: u32 = 256 * 1024;
/// How often files are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Takes a port. Must be called inside a runtime.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener> {
    let bound = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // So that a restart does not wait for the connections of the one before. Elsewhere the
        // option means that two may share a port, which is never meant.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                " (another program has this port: stop it, or choose another port)"
            }
            io::ErrorKind::PermissionDenied => {
                " (ports below 1024 need CAP_NET_BIND_SERVICE: choose another port)"
            }
            io::ErrorKind::AddrNotAvailable => " (no interface of this machine has this address)",
            _ => "",
        };
        Error::new(ErrorKind::Bind, format!("{address}{hint}")).with_source(error)
    })
}

/// What there is to do.
enum Next {
    Close(Instant),
    Look,
    Accepted(io::Result<(TcpStream, SocketAddr)>),
}

struct Loop {
    listener: TcpListener,
    tick: Interval,
    /// While there are no descriptors left, nothing is accepted.
    pause: Option<Pin<Box<Sleep>>>,
    failures: u32,
}

/// Serves until it is told to close; returns how many answers were cut.
pub(super) async fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    orders: watch::Receiver<Option<Instant>>,
) -> usize {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut this = Loop {
        listener,
        tick,
        pause: None,
        failures: 0,
    };
    let mut guests = JoinSet::new();
    let mut told = orders.clone();
    let mut closing = pin!(async move {
        let told = told.wait_for(Option::is_some).await;
        // Whoever would tell is gone, and so is everybody who could wait.
        told.map_or_else(|_| Instant::now(), |told| told.unwrap_or_else(Instant::now))
    });
    let deadline = loop {
        let next = poll_fn(|cx| {
            if let Poll::Ready(deadline) = closing.as_mut().poll(cx) {
                return Poll::Ready(Next::Close(deadline));
            }
            this.poll(cx)
        });
        match next.await {
            Next::Close(deadline) => break deadline,
            Next::Look => {
                shared.look();
                while guests.try_join_next().is_some() {}
            }
            Next::Accepted(Ok((socket, peer))) => {
                this.works();
                let gate = &shared.site.gate;
                let source = source::of(peer.ip());
                match gate.admit(source) {
                    Some((ticket, phase)) => {
                        let guest = Guest {
                            source,
                            ticket,
                            phase,
                            orders: orders.clone(),
                        };
                        let task = guests.spawn(serve(Arc::clone(&shared), socket, guest));
                        gate.begun(ticket, task);
                    }
                    None => {
                        let _ = socket.set_zero_linger();
                    }
                }
                while guests.try_join_next().is_some() {}
                // Whoever was let in is read before somebody else can push it out.
                yield_now().await;
            }
            Next::Accepted(Err(error)) => this.fails(&shared, &error),
        }
    };
    // Gives the port back, whatever is still going on.
    drop(this);
    let ended = async { while guests.join_next().await.is_some() {} };
    let _ = timeout_at(deadline.into(), ended).await;
    let cut = guests.len();
    guests.shutdown().await;
    cut
}

impl Loop {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if self.tick.poll_tick(cx).is_ready() {
            return Poll::Ready(Next::Look);
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        self.listener.poll_accept(cx).map(Next::Accepted)
    }

    fn works(&mut self) {
        if std::mem::take(&mut self.failures) > 0 {
            tracing::info!("connections are accepted again");
        }
    }

    fn fails(&mut self, shared: &Shared, error: &io::Error) {
        // What one connection did before it was accepted says nothing about the next one.
        if matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::Interrupted
        ) {
            return;
        }
        if self.failures == 0 {
            tracing::warn!(%error, "connections cannot be accepted; waiting for descriptors or memory");
        }
        // A connection less is a descriptor more.
        shared.site.gate.evict_any();
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(8));
        self.failures = self.failures.saturating_add(1);
        self.pause = Some(Box::pin(sleep(pause.min(LONGEST_PAUSE))));
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Shared {
    /// Looks whether files changed.
    fn look(&self) {
        if let Some(auth) = &self.site.auth {
            auth.follow();
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            tls.follow();
        }
    }
}
