//! What is seen of a connection from below: that bytes move, and what heads are made of.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::phase::Phase;

/// A socket that tells whether it moves.
#[derive(Debug)]
pub(super) struct Paced {
    socket: TcpStream,
    phase: Phase,
}

impl Paced {
    pub(super) fn new(socket: TcpStream, phase: Phase) -> Self {
        Self { socket, phase }
    }

    fn note<T>(&self, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.phase.written(poll.is_pending());
        poll
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        if self.phase.is_reset() {
            // Or the system would keep what was not sent for whoever does not read it.
            let _ = self.socket.set_zero_linger();
        }
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.phase.byte();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.note(poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write_vectored(cx, bytes);
        self.note(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// What the heads on one connection are made of. Lines that end without a carriage return are what
/// two servers in a row read differently, so there are none here.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl Seen {
    /// Whether a line ended as none should.
    pub(super) fn bare_newline(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn note(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// A stream of requests, as hyper is about to read it.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    seen: Seen,
    last: u8,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, seen: Seen) -> Self {
        Self {
            stream,
            seen,
            last: 0,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        // A request with a body is the last one on its connection, so all of this is heads, or
        // nobody's.
        let mut last = self.last;
        for byte in &buffer.filled()[before..] {
            if *byte == b'\n' && last != b'\r' {
                self.seen.note();
            }
            last = *byte;
        }
        self.last = last;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
