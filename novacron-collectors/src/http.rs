//! A client for the few questions that collectors ask over HTTP/1.1.
//!
//! One GET per connection, and one deadline for all of it: connecting, sending, and every byte of
//! the answer. What a peer may send is capped before it is kept, so a runtime that answers without
//! end costs no more than one that answers as it should. Redirects are not followed and nothing is
//! tried twice: the next tick asks again.
//!
//! Two readings of one answer are refused: a body that is both chunked and of a stated length, or
//! of two lengths.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Whom to ask.
#[cfg_attr(
    not(all(feature = "containers", feature = "ml")),
    allow(dead_code, reason = "each collector asks peers of one kind")
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A host and a port, and the text of the `Host` header.
    Tcp { host: String, port: u16 },
}

/// Asks one peer.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    peer: Peer,
    /// The most bytes of a body.
    body: usize,
}

/// What the peer said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Error {
    /// Not reached, or the connection broke.
    Io(io::Error),
    /// The deadline came first.
    Late,
    /// More than is read.
    TooLarge,
    /// Not HTTP, or HTTP that can be read in two ways.
    Malformed(&'static str),
    /// An answer with another status than 200.
    Status(u16),
}

/// The most bytes of a status line and its headers.
const HEAD: usize = 16 * 1024;
/// The most headers of one answer.
const HEADERS: usize = 64;
/// The longest line that gives the size of a chunk, its extensions included.
const CHUNK_LINE: usize = 256;

impl Client {
    pub(crate) fn new(peer: Peer, body: usize) -> Self {
        Self { peer, body }
    }

    /// The body of what is at `path`, if the peer answers 200 in time.
    pub(crate) fn get(&self, path: &str, accept: &str, within: Duration) -> Result<Answer, Error> {
        // It goes into a request line: whatever could end that line does not go out.
        if !path.starts_with('/') || path.bytes().any(|b| b <= b' ' || b == 0x7f) {
            return Err(Error::Malformed("a path with a space or control character"));
        }
        let by = Instant::now() + within;
        let mut stream = Stream::open(&self.peer, by)?;
        let host = match &self.peer {
            Peer::Unix(_) => "localhost".to_owned(),
            Peer::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Peer::Tcp { host, port } => format!("{host}:{port}"),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\nUser-Agent: {}/{}\r\n\
             Connection: close\r\n\r\n",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
        );
        stream.send(request.as_bytes())?;
        let answer = read_answer(&mut Reader::new(stream), self.body)?;
        match answer.status {
            200 => Ok(answer),
            status => Err(Error::Status(status)),
        }
    }
}

impl Answer {
    /// The first header of this name, which is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        Some(value)
    }
}

/// A connection, and until when it may be used.
struct Stream {
    socket: Socket,
    by: Instant,
}

enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    fn open(peer: &Peer, by: Instant) -> Result<Self, Error> {
        let socket = match peer {
            Peer::Unix(path) => Socket::Unix(connect_unix(path, left(by)?)?),
            Peer::Tcp { host, port } => Socket::Tcp(connect_tcp(host, *port, by)?),
        };
        Ok(Self { socket, by })
    }

    fn send(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let left = Some(left(self.by)?);
            let sent = match &mut self.socket {
                Socket::Unix(socket) => {
                    socket.set_write_timeout(left)?;
                    socket.write(bytes)
                }
                Socket::Tcp(socket) => {
                    socket.set_write_timeout(left)?;
                    socket.write(bytes)
                }
            };
            match sent {
                Ok(0) => return Err(Error::Io(io::ErrorKind::WriteZero.into())),
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Some bytes, or none if there are no more.
trait Source {
    fn some(&mut self, into: &mut [u8]) -> Result<usize, Error>;
}

impl Source for Stream {
    fn some(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        loop {
            let left = Some(left(self.by)?);
            let got = match &mut self.socket {
                Socket::Unix(socket) => {
                    socket.set_read_timeout(left)?;
                    socket.read(into)
                }
                Socket::Tcp(socket) => {
                    socket.set_read_timeout(left)?;
                    socket.read(into)
                }
            };
            match got {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                got => return Ok(got?),
            }
        }
    }
}

fn left(by: Instant) -> Result<Duration, Error> {
    match by.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(Error::Late),
        left => Ok(left),
    }
}

/// The standard library connects to a Unix socket without a deadline, and a daemon that accepts no
/// more keeps it waiting for as long as its queue is full: the time limit is set beforehand.
fn connect_unix(path: &Path, left: Duration) -> Result<UnixStream, Error> {
    use rustix::net::sockopt::{Timeout, set_socket_timeout};
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(io::Error::from)?;
    set_socket_timeout(&socket, Timeout::Send, Some(left)).map_err(io::Error::from)?;
    let address = SocketAddrUnix::new(path).map_err(io::Error::from)?;
    rustix::net::connect(&socket, &address).map_err(io::Error::from)?;
    Ok(UnixStream::from(socket))
}

fn connect_tcp(host: &str, port: u16, by: Instant) -> Result<TcpStream, Error> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(by)?) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

/// Bytes that came and were not used yet.
struct Reader<S> {
    source: S,
    kept: Vec<u8>,
    used: usize,
}

impl<S: Source> Reader<S> {
    fn new(source: S) -> Self {
        Self {
            source,
            kept: Vec::new(),
            used: 0,
        }
    }

    fn waiting(&self) -> &[u8] {
        &self.kept[self.used..]
    }

    /// Waits for more bytes; `false` if there are no more.
    fn more(&mut self) -> Result<bool, Error> {
        self.kept.drain(..self.used);
        self.used = 0;
        let mut room = [0; 8 * 1024];
        let got = self.source.some(&mut room)?;
        self.kept.extend_from_slice(&room[..got]);
        Ok(got > 0)
    }

    /// Moves `count` bytes to `body`; `count` was checked against what a body may have.
    fn take(&mut self, mut count: usize, body: &mut Vec<u8>) -> Result<(), Error> {
        while count > 0 {
            if self.waiting().is_empty() && !self.more()? {
                return Err(Error::Malformed("the answer is cut off"));
            }
            let now = count.min(self.waiting().len());
            body.extend_from_slice(&self.kept[self.used..self.used + now]);
            self.used += now;
            count -= now;
        }
        Ok(())
    }
}

/// How the end of a body is known.
enum Framing {
    Chunked,
    Length(usize),
    UntilClosed,
}

fn read_answer<S: Source>(reader: &mut Reader<S>, cap: usize) -> Result<Answer, Error> {
    let (status, headers) = read_head(reader)?;
    let mut body = Vec::new();
    match framing(&headers)? {
        _ if status < 200 || status == 204 || status == 304 => {}
        Framing::Chunked => read_chunks(reader, cap, &mut body)?,
        Framing::Length(length) if length > cap => return Err(Error::TooLarge),
        Framing::Length(length) => reader.take(length, &mut body)?,
        Framing::UntilClosed => loop {
            let waiting = reader.waiting().len();
            if body.len() + waiting > cap {
                return Err(Error::TooLarge);
            }
            reader.take(waiting, &mut body)?;
            if !reader.more()? {
                break;
            }
        },
    }
    Ok(Answer {
        status,
        headers,
        body,
    })
}

type Headers = Vec<(String, String)>;

fn read_head<S: Source>(reader: &mut Reader<S>) -> Result<(u16, Headers), Error> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(reader.waiting()) {
            Ok(httparse::Status::Complete(length)) => {
                let status = response.code.ok_or(Error::Malformed("no status"))?;
                let headers = response
                    .headers
                    .iter()
                    .map(|header| {
                        let value = String::from_utf8_lossy(header.value).into_owned();
                        (header.name.to_ascii_lowercase(), value)
                    })
                    .collect();
                reader.used += length;
                return Ok((status, headers));
            }
            Ok(httparse::Status::Partial) if reader.waiting().len() > HEAD => {
                return Err(Error::TooLarge);
            }
            Ok(httparse::Status::Partial) => {
                if !reader.more()? {
                    return Err(Error::Malformed("the head is cut off"));
                }
            }
            Err(httparse::Error::TooManyHeaders) => return Err(Error::TooLarge),
            Err(_) => return Err(Error::Malformed("the head is not HTTP")),
        }
    }
}

fn framing(headers: &Headers) -> Result<Framing, Error> {
    let mut framing = None;
    for (name, value) in headers {
        let this = match name.as_str() {
            "transfer-encoding" if value.trim().eq_ignore_ascii_case("chunked") => Framing::Chunked,
            "transfer-encoding" => return Err(Error::Malformed("an unknown transfer coding")),
            "content-length" => {
                let digits = value.trim();
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(Error::Malformed("a length that is no number"));
                }
                // Longer than a `usize` is longer than any cap.
                Framing::Length(digits.parse().map_err(|_| Error::TooLarge)?)
            }
            _ => continue,
        };
        if framing.replace(this).is_some() {
            return Err(Error::Malformed("a length stated twice"));
        }
    }
    Ok(framing.unwrap_or(Framing::UntilClosed))
}

fn read_chunks<S: Source>(
    reader: &mut Reader<S>,
    cap: usize,
    body: &mut Vec<u8>,
) -> Result<(), Error> {
    loop {
        let size = loop {
            match httparse::parse_chunk_size(reader.waiting()) {
                Ok(httparse::Status::Complete((line, size))) => {
                    reader.used += line;
                    break usize::try_from(size).map_err(|_| Error::TooLarge)?;
                }
                Ok(httparse::Status::Partial) if reader.waiting().len() <= CHUNK_LINE => {
                    if !reader.more()? {
                        return Err(Error::Malformed("the answer is cut off"));
                    }
                }
                Ok(httparse::Status::Partial) | Err(_) => {
                    return Err(Error::Malformed("the size of a chunk"));
                }
            }
        };
        if size == 0 {
            // Trailers would follow. Nobody asks for them, and the connection is not used again.
            return Ok(());
        }
        if size > cap.saturating_sub(body.len()) {
            return Err(Error::TooLarge);
        }
        reader.take(size, body)?;
        let mut end = Vec::with_capacity(2);
        reader.take(2, &mut end)?;
        if end != b"\r\n" {
            return Err(Error::Malformed("the end of a chunk"));
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Error::Late,
            _ => Error::Io(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => error.fmt(f),
            Error::Late => f.write_str("no answer within the deadline"),
            Error::TooLarge => f.write_str("an answer larger than is read"),
            Error::Malformed(what) => write!(f, "an answer that is not understood: {what}"),
            Error::Status(status) => write!(f, "status {status}"),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Unix(path) => write!(f, "unix:{}", path.display()),
            Peer::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests;
