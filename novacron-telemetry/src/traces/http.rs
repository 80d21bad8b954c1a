//! OTLP over HTTP/1.1: one POST at a time over one connection that is kept.
//!
//! Written by hand over a `TcpStream`, because all of it fits on a page: every read and write is
//! given the time that is left until the deadline, at most 64 kB of an answer are read, redirects
//! are not followed and compressed answers not asked for. The head is read by `httparse`, which
//! hyper trusts as well.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::encode::rejected;
use super::endpoint::Endpoint;
use super::transport::{Accepted, Failure, LONGEST_RETRY_AFTER, Transport};

/// See the module.
#[derive(Debug)]
pub(super) struct HttpClient {
    endpoint: Endpoint,
    /// Everything of a request's head that does not change.
    head: String,
    connection: Option<TcpStream>,
}

/// No answer that makes sense is longer.
const ANSWER: usize = 64 << 10;
const HEAD: usize = 16 << 10;
const HEADERS: usize = 64;

impl HttpClient {
    pub(super) fn new(endpoint: Endpoint, headers: &[(String, String)]) -> Self {
        let Endpoint {
            authority, path, ..
        } = &endpoint;
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nhost: {authority}\r\nuser-agent: {}/{}\r\n\
             content-type: application/x-protobuf\r\naccept-encoding: identity\r\n",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        Self {
            endpoint,
            head,
            connection: None,
        }
    }

    fn post(&mut self, body: &[u8], deadline: Instant) -> io::Result<Answer> {
        if let Some(mut connection) = self.connection.take() {
            match self.exchange(&mut connection, body, deadline) {
                Ok(answer) => return Ok(self.keep(connection, answer)),
                // It was closed while nothing was said on it: that is no failure of this batch.
                Err(error) if is_closed(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let mut connection = self.connect(deadline)?;
        let answer = self.exchange(&mut connection, body, deadline)?;
        Ok(self.keep(connection, answer))
    }

    fn keep(&mut self, connection: TcpStream, answer: Answer) -> Answer {
        self.connection = answer.reusable.then_some(connection);
        answer
    }

    fn connect(&self, deadline: Instant) -> io::Result<TcpStream> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        // Asked each time: a collector may move.
        for address in (host.as_str(), *port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left(deadline)?) {
                Ok(connection) => {
                    connection.set_nodelay(true)?;
                    return Ok(connection);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn exchange(
        &self,
        connection: &mut TcpStream,
        body: &[u8],
        deadline: Instant,
    ) -> io::Result<Answer> {
        let mut stream = Until {
            connection,
            deadline,
        };
        let head = format!("{}content-length: {}\r\n\r\n", self.head, body.len());
        stream.write_all(head.as_bytes())?;
        // One that refuses may say so before it has read everything, and close: its answer counts.
        let sent = stream.write_all(body);
        match Answer::read(&mut stream) {
            Ok(answer) => Ok(answer),
            Err(error) => Err(sent.err().unwrap_or(error)),
        }
    }
}

impl Transport for HttpClient {
    fn send(&mut self, request: &[u8], deadline: Instant) -> Result<Accepted, Failure> {
        match self.post(request, deadline) {
            Ok(answer) => answer.judge(),
            Err(error) if is_timeout(&error) => Err(Failure::TimedOut),
            Err(error) => Err(Failure::Again(error.to_string(), None)),
        }
    }
}

/// What the collector said.
#[derive(Debug)]
struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
    reusable: bool,
}

/// How long the body is, as the head says.
#[derive(Clone, Copy, Debug)]
enum Length {
    Bytes(usize),
    Chunks,
    ToTheEnd,
}

impl Answer {
    fn judge(&self) -> Result<Accepted, Failure> {
        match self.status {
            200..=299 => Ok(Accepted {
                rejected: rejected(&self.body),
            }),
            413 => Err(Failure::TooLarge),
            status @ (429 | 502 | 503 | 504) => Err(Failure::Again(
                format!("the collector answered {status}"),
                self.retry_after,
            )),
            status => Err(Failure::Refused(format!("the collector answered {status}"))),
        }
    }

    fn read(stream: &mut impl Read) -> io::Result<Self> {
        let (mut buffer, mut hungry) = (Vec::new(), true);
        loop {
            if hungry {
                read_some(stream, &mut buffer)?;
            }
            let mut headers = [httparse::EMPTY_HEADER; HEADERS];
            let mut head = httparse::Response::new(&mut headers);
            let parsed = head.parse(&buffer).map_err(io::Error::other)?;
            let httparse::Status::Complete(used) = parsed else {
                if buffer.len() > HEAD {
                    return Err(io::Error::other("the head of the answer does not end"));
                }
                hungry = true;
                continue;
            };
            let status = head.code.unwrap_or_default();
            if (100..200).contains(&status) {
                buffer.drain(..used);
                // What came with it may be the whole answer.
                hungry = buffer.is_empty();
                continue;
            }
            let header = |name: &str| {
                let named = |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case(name);
                let header = head.headers.iter().find(named)?;
                std::str::from_utf8(header.value).ok().map(str::trim)
            };
            let retry_after = header("retry-after").and_then(|value| value.parse().ok());
            let closes = header("connection")
                .is_some_and(|value| value.eq_ignore_ascii_case("close"))
                || head.version == Some(0);
            let length = if matches!(status, 204 | 304) {
                Length::Bytes(0)
            } else if header("transfer-encoding").is_some() {
                Length::Chunks
            } else {
                match header("content-length").map(str::parse) {
                    Some(Ok(length)) => Length::Bytes(length),
                    _ => Length::ToTheEnd,
                }
            };
            buffer.drain(..used);
            let (body, whole) = read_body(stream, buffer, length)?;
            return Ok(Self {
                status,
                retry_after: retry_after
                    .map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER)),
                body,
                reusable: whole && !closes,
            });
        }
    }
}

/// Reads a body, and says whether the connection stands at its end.
fn read_body(
    stream: &mut impl Read,
    mut bytes: Vec<u8>,
    length: Length,
) -> io::Result<(Vec<u8>, bool)> {
    match length {
        Length::Bytes(length) => {
            while bytes.len() < length.min(ANSWER) {
                read_some(stream, &mut bytes)?;
            }
            let whole = bytes.len() == length;
            bytes.truncate(length.min(ANSWER));
            Ok((bytes, whole))
        }
        Length::Chunks => {
            let mut body = Vec::new();
            loop {
                match httparse::parse_chunk_size(&bytes)
                    .map_err(|_| io::Error::other("a bad chunk"))?
                {
                    httparse::Status::Complete((used, 0)) => {
                        // Trailers are not waited for: the connection is not used again.
                        return Ok((body, &bytes[used..] == b"\r\n"));
                    }
                    httparse::Status::Complete((used, size)) => {
                        let size = usize::try_from(size).unwrap_or(usize::MAX);
                        let room = ANSWER - body.len();
                        while bytes.len() < used + size.min(room) + 2 {
                            read_some(stream, &mut bytes)?;
                        }
                        if size > room {
                            body.extend_from_slice(&bytes[used..used + room]);
                            return Ok((body, false));
                        }
                        body.extend_from_slice(&bytes[used..used + size]);
                        bytes.drain(..used + size + 2);
                    }
                    httparse::Status::Partial => read_some(stream, &mut bytes)?,
                }
            }
        }
        Length::ToTheEnd => {
            while bytes.len() < ANSWER {
                match read_some(stream, &mut bytes) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                    Err(error) => return Err(error),
                }
            }
            bytes.truncate(ANSWER);
            Ok((bytes, false))
        }
    }
}

fn read_some(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 4096];
    match stream.read(&mut chunk)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        read => {
            buffer.extend_from_slice(&chunk[..read]);
            Ok(())
        }
    }
}

/// A connection on which every step has the time that is left.
struct Until<'a> {
    connection: &'a mut TcpStream,
    deadline: Instant,
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.connection
            .set_read_timeout(Some(left(self.deadline)?))?;
        self.connection.read(buffer)
    }
}

impl Write for Until<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.connection
            .set_write_timeout(Some(left(self.deadline)?))?;
        self.connection.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush()
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
    )
}

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives a text away in pieces of this size.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(self.0.len()).min(buffer.len());
            let (now, rest) = self.0.split_at(size);
            buffer[..size].copy_from_slice(now);
            self.0 = rest;
            Ok(size)
        }
    }

    #[test]
    fn an_answer_is_the_same_however_it_arrives() {
        let texts: [(&[u8], u16, &[u8], bool); 6] = [
            (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", 200, b"abc", true),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", 200, b"abc", true),
            (b"HTTP/1.1 503 No\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", 503, b"", false),
            (b"HTTP/1.0 200 OK\r\n\r\nabc", 200, b"abc", false),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Fine\r\n\r\n", 204, b"", true),
            (b"HTTP/1.1 200 OK\r\n\r\n", 200, b"", false),
        ];
        for (text, status, body, reusable) in texts {
            for size in [1, 7, 10_000] {
                let answer = Answer::read(&mut Pieces(text, size)).unwrap();
                let shown = String::from_utf8_lossy(text);
                assert_eq!(
                    (answer.status, &answer.body[..]),
                    (status, body),
                    "{shown} {size}"
                );
                // Whether a chunked body ended with its last bytes depends on how much was read.
                assert!(!answer.reusable || reusable, "{shown} {size}");
            }
        }
    }

    #[test]
    fn no_more_than_what_makes_sense_is_read() {
        let endless: [&[u8]; 3] = [
            b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40000000\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
        ];
        for head in endless {
            let mut stream = head.chain(io::repeat(b'x'));
            let answer = Answer::read(&mut stream).unwrap();
            assert_eq!((answer.body.len(), answer.reusable), (ANSWER, false));
        }
        assert!(
            Answer::read(&mut (&b"HTTP/1.1 200 OK\r\nx: "[..]).chain(io::repeat(b'x'))).is_err()
        );
    }

    #[test]
    fn nobody_keeps_us_away_for_longer_than_a_minute() {
        let answer = Answer::read(
            &mut &b"HTTP/1.1 429 Slow\r\nretry-after: 86400\r\ncontent-length: 0\r\n\r\n"[..],
        );
        let Err(Failure::Again(_, after)) = answer.unwrap().judge() else {
            panic!("429 is tried again")
        };
        assert_eq!(after, Some(LONGEST_RETRY_AFTER));
    }

    proptest! {
        #[test]
        fn what_anybody_answers_is_read_without_a_panic(
            head in "(HTTP/1\\.[01] [0-9]{3} [a-z]{0,5}\r\n(content-length: [0-9]{0,25}\r\n|transfer-encoding: chunked\r\n)?\r\n)?",
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = [head.as_bytes(), &body].concat();
            let _ = Answer::read(&mut bytes.as_slice());
        }
    }
}
