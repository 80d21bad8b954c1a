//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep_until};

use super::gate::{Gate, Ticket};
use super::io::{Paced, Seen, Watched};
use super::phase::Phase;
use super::site::{Caller, Site};

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) site: Arc<Site>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<super::super::tls::Tls>,
}

/// A connection that was let in.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) source: IpAddr,
    pub(super) ticket: Ticket,
    pub(super) phase: Phase,
    /// Until when answers may be finished, once no more are begun.
    pub(super) orders: watch::Receiver<Option<Instant>>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Over,
    /// Patience ended.
    TimedOut,
    /// The listener closes, and there was nothing to finish.
    Closed,
}

/// Serves one connection until it is over, one way or another.
pub(super) async fn serve(shared: Arc<Shared>, socket: TcpStream, guest: Guest) {
    let gate = &shared.site.gate;
    let _leave = Leave(gate, guest.ticket);
    // Small answers go out at once.
    let _ = socket.set_nodelay(true);
    let paced = Paced::new(socket, guest.phase.clone());
    #[cfg(feature = "tls")]
    let end = match &shared.tls {
        Some(tls) => {
            let accepting = tls.accept(paced);
            let mut accepted = None;
            let end = patiently(
                gate,
                &guest,
                async { accepted = Some(accepting.await) },
                |_| (),
            )
            .await;
            match accepted {
                Some(Ok(stream)) => requests(&shared.site, stream, &guest).await,
                Some(Err(_)) => {
                    gate.metrics().tls.inc();
                    End::Over
                }
                None => end,
            }
        }
        None => requests(&shared.site, paced, &guest).await,
    };
    #[cfg(not(feature = "tls"))]
    let end = requests(&shared.site, paced, &guest).await;
    if end == End::TimedOut {
        gate.metrics().timeout.inc();
    }
}

async fn requests<S>(site: &Arc<Site>, stream: S, guest: &Guest) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = site.gate.limits();
    let seen = Seen::default();
    let caller = Caller {
        source: guest.source,
        phase: guest.phase.clone(),
        seen: seen.clone(),
    };
    let service = service_fn(|request| {
        let answer = Arc::clone(site).answer(caller.clone(), request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let connection = http1::Builder::new()
        // The deadlines are ours.
        .header_read_timeout(None)
        .max_headers(limits.headers)
        .max_header_size(limits.header_bytes)
        .max_buf_size(limits.header_bytes)
        .serve_connection(TokioIo::new(Watched::new(stream, seen)), service);
    patiently(&site.gate, guest, connection, |connection| {
        connection.graceful_shutdown();
    })
    .await
}

/// Waits for `work` until patience ends, or until the listener closes and nothing is left to finish.
async fn patiently<F: Future>(
    gate: &Gate,
    guest: &Guest,
    work: F,
    finish: impl FnOnce(Pin<&mut F>),
) -> End {
    let phase = &guest.phase;
    let mut work = pin!(work);
    let mut finish = Some(finish);
    let mut orders = guest.orders.clone();
    let mut closing = pin!(orders.wait_for(Option::is_some));
    let mut alarm: Pin<&mut Sleep> = pin!(sleep_until(phase.deadline(gate.limits()).into()));
    poll_fn(|cx| {
        if finish.is_some() && closing.as_mut().poll(cx).is_ready() {
            if phase.is_between() {
                return Poll::Ready(End::Closed);
            }
            if let Some(finish) = finish.take() {
                finish(work.as_mut());
            }
        }
        if work.as_mut().poll(cx).is_ready() {
            return Poll::Ready(End::Over);
        }
        // What was just done may have changed it.
        let deadline = phase.deadline(gate.limits()).into();
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        if alarm.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        // A connection that is only kept for later is closed as if by agreement.
        if phase.is_idle() {
            return Poll::Ready(End::Closed);
        }
        phase.reset();
        Poll::Ready(End::TimedOut)
    })
    .await
}

/// Leaves the gate, however the connection ends.
struct Leave<'a>(&'a Gate, Ticket);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}
