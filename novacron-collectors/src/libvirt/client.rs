//! A client of libvirt's socket that cannot hang: every call has a deadline.
//!
//! libvirt's own library waits for a stopped daemon for ever. Here the deadline holds for connecting,
//! for sending and for every byte of an answer; past it the connection is of no use any more
//! ([`Connection::is_broken`]) and is dropped. The daemon goes on with the call nevertheless, and one
//! of its workers with it: who gave up must not ask the same again at once.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::domain::{self, DomainStats};
use super::frame::{self, FrameKind, Header, KEEPALIVE_PROGRAM, REMOTE_PROGRAM};
use super::protocol::{self, ControlInfo, Domain, Procedure, RemoteError};
use super::xdr::{XdrError, display};

/// Why a call had no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// The socket could not be reached, or the connection ended.
    Io(io::Error),
    /// The deadline passed.
    TimedOut,
    /// What came is not libvirt's protocol.
    Malformed(XdrError),
    /// The socket lets in only who authenticates.
    AuthenticationRequired,
    /// The daemon said no; the connection is still good.
    Remote(RemoteError),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::TimedOut => f.write_str("no answer within the deadline"),
            Self::Malformed(error) => write!(f, "not an answer of libvirt: {error}"),
            Self::AuthenticationRequired => f.write_str("the socket asks for authentication"),
            Self::Remote(error) => write!(f, "{} (libvirt error {})", error.message, error.code),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Malformed(error) => Some(error),
            Self::TimedOut | Self::AuthenticationRequired | Self::Remote(_) => None,
        }
    }
}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // What a socket says whose own timeout has passed.
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::InvalidData => Self::Malformed(XdrError::TooLong),
            _ => Self::Io(error),
        }
    }
}

impl From<XdrError> for ClientError {
    fn from(error: XdrError) -> Self {
        Self::Malformed(error)
    }
}

/// An open connection to a hypervisor, to read only.
///
/// ```no_run
/// use std::path::Path;
/// use std::time::{Duration, Instant};
///
/// use novacron_collectors::libvirt::client::Connection;
///
/// let deadline = Instant::now() + Duration::from_secs(2);
/// let socket = Path::new("/run/libvirt/libvirt-sock-ro");
/// let mut libvirt = Connection::open(socket, "qemu:///system", deadline)?;
/// for domain in libvirt.domains(deadline)? {
///     println!("{}", domain.display_name());
/// }
/// # Ok::<(), novacron_collectors::libvirt::client::ClientError>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    serial: u32,
    frame: Vec<u8>,
    events: VecDeque<Vec<u8>>,
    broken: bool,
}

impl Connection {
    /// Connects to the socket and opens `uri` there.
    ///
    /// # Errors
    ///
    /// If nobody listens, if the daemon does not answer before `deadline`, or does not let us in.
    pub fn open(socket: &Path, uri: &str, deadline: Instant) -> Result<Self, ClientError> {
        let mut connection = Self {
            stream: connect_until(socket, deadline)?,
            serial: 0,
            frame: Vec::new(),
            events: VecDeque::new(),
            broken: false,
        };
        let auth = connection.call(Procedure::AuthList, &[], deadline)?;
        if !protocol::auth_is_open(auth)? {
            return Err(ClientError::AuthenticationRequired);
        }
        connection.call(Procedure::ConnectOpen, &protocol::open_args(uri), deadline)?;
        Ok(connection)
    }

    /// Whether an answer is missing that may still come: no further call will be answered.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.broken
    }

    /// The payload of the answer to one call.
    ///
    /// # Errors
    ///
    /// If there is no answer before `deadline`, or it is an error.
    pub fn call(
        &mut self,
        procedure: Procedure,
        args: &[u8],
        deadline: Instant,
    ) -> Result<&[u8], ClientError> {
        if self.broken {
            return Err(ClientError::Io(io::ErrorKind::NotConnected.into()));
        }
        // Healthy again only if the very answer was read to its end.
        self.broken = true;
        self.serial = self.serial.wrapping_add(1);
        let header = Header {
            program: REMOTE_PROGRAM,
            procedure: procedure as u32,
            kind: FrameKind::Call,
            serial: self.serial,
            failed: false,
        };
        self.send(&header.frame(args), deadline)?;
        let failed = self.receive(procedure, deadline)?;
        self.broken = false;
        let (_, payload) = Header::split(&self.frame)?;
        if failed {
            return Err(ClientError::Remote(RemoteError::decode(payload)?));
        }
        Ok(payload)
    }

    /// Reads until the answer to the last call is in `frame`; whether it is an error.
    fn receive(&mut self, procedure: Procedure, deadline: Instant) -> Result<bool, ClientError> {
        if self.frame.capacity() > KEPT_BYTES {
            self.frame = Vec::new();
        }
        loop {
            let mut source = Timed {
                stream: &self.stream,
                deadline,
            };
            frame::read_frame(&mut source, &mut self.frame)?;
            let (header, payload) = Header::split(&self.frame)?;
            match (header.program, header.kind) {
                (REMOTE_PROGRAM, FrameKind::Reply) if header.serial == self.serial => {
                    if header.procedure != procedure as u32 {
                        return Err(XdrError::Invalid.into());
                    }
                    return Ok(header.failed);
                }
                (REMOTE_PROGRAM, FrameKind::Event)
                    if header.procedure == Procedure::DomainEventCallbackJobCompleted as u32
                        && payload.len() <= MAX_EVENT_BYTES =>
                {
                    if self.events.len() == MAX_EVENTS {
                        self.events.pop_front();
                    }
                    self.events.push_back(payload.to_vec());
                }
                (KEEPALIVE_PROGRAM, FrameKind::Event) if header.procedure == KEEPALIVE_PING => {
                    let pong = Header {
                        procedure: KEEPALIVE_PONG,
                        ..header
                    };
                    self.send(&pong.frame(&[]), deadline)?;
                }
                // An answer to nothing that was asked, or a program that is not spoken here.
                _ => {}
            }
        }
    }

    fn send(&self, frame: &[u8], deadline: Instant) -> Result<(), ClientError> {
        let mut sink = Timed {
            stream: &self.stream,
            deadline,
        };
        Ok(sink.write_all(frame)?)
    }

    /// Asks for the events of jobs that end; they come in between answers.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn watch_jobs(&mut self, deadline: Instant) -> Result<(), ClientError> {
        let args = protocol::event_args(protocol::EVENT_JOB_COMPLETED);
        self.call(
            Procedure::ConnectDomainEventCallbackRegisterAny,
            &args,
            deadline,
        )?;
        Ok(())
    }

    /// The payloads of the events that came since the last time.
    pub(crate) fn take_events(&mut self) -> VecDeque<Vec<u8>> {
        std::mem::take(&mut self.events)
    }

    /// The daemon's release: 9 001 002 is 9.1.2.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn version(&mut self, deadline: Instant) -> Result<u64, ClientError> {
        let payload = self.call(Procedure::ConnectGetLibVersion, &[], deadline)?;
        Ok(super::xdr::Decoder::new(payload).u64()?)
    }

    /// All domains, shut off ones too. Waits for no monitor.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn domains(&mut self, deadline: Instant) -> Result<Vec<Domain>, ClientError> {
        let payload = self.call(
            Procedure::ConnectListAllDomains,
            &protocol::list_args(),
            deadline,
        )?;
        Ok(protocol::domains(payload)?)
    }

    /// Statistics of these domains; of all if none is named. Whether it waits for monitors depends on
    /// the [groups](protocol::groups).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn stats(
        &mut self,
        domains: &[&Domain],
        groups: u32,
        flags: u32,
        deadline: Instant,
    ) -> Result<Vec<DomainStats>, ClientError> {
        let args = protocol::stats_args(domains.iter().copied(), groups, flags);
        let payload = self.call(Procedure::ConnectGetAllDomainStats, &args, deadline)?;
        Ok(domain::decode(payload)?)
    }

    /// Whether a domain can be asked. Waits for no monitor.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn control_info(
        &mut self,
        domain: &Domain,
        deadline: Instant,
    ) -> Result<ControlInfo, ClientError> {
        let args = protocol::domain_args(domain, Some(0));
        let payload = self.call(Procedure::DomainGetControlInfo, &args, deadline)?;
        Ok(protocol::control_info(payload)?)
    }

    /// Whether a domain starts with its host. Waits for no monitor.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn autostart(&mut self, domain: &Domain, deadline: Instant) -> Result<bool, ClientError> {
        let args = protocol::domain_args(domain, None);
        let payload = self.call(Procedure::DomainGetAutostart, &args, deadline)?;
        Ok(protocol::flag(payload)?)
    }

    /// The definition of a domain, without its secrets. Waits for no monitor.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn xml(&mut self, domain: &Domain, deadline: Instant) -> Result<String, ClientError> {
        let args = protocol::domain_args(domain, Some(0));
        let payload = self.call(Procedure::DomainGetXmlDesc, &args, deadline)?;
        Ok(display(protocol::text(payload)?).into_owned())
    }

    /// Says good-bye, so that the daemon does not have to find out; it is not waited for.
    pub fn close(mut self) {
        self.serial = self.serial.wrapping_add(1);
        let header = Header {
            program: REMOTE_PROGRAM,
            procedure: Procedure::ConnectClose as u32,
            kind: FrameKind::Call,
            serial: self.serial,
            failed: false,
        };
        let soon = Instant::now() + Duration::from_millis(50);
        if !self.broken {
            // A daemon that does not take it learns it from the closed socket.
            let _ = self.send(&header.frame(&[]), soon);
        }
    }
}

/// Connects without ever waiting longer than `deadline`: a daemon that is stopped stops accepting,
/// and once its queue is full a plain `connect` waits for ever.
fn connect_until(socket: &Path, deadline: Instant) -> Result<UnixStream, ClientError> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let address = SocketAddrUnix::new(socket).map_err(io::Error::from)?;
    let descriptor = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(io::Error::from)?;
    while let Err(error) = connect(&descriptor, &address) {
        if !matches!(error, Errno::AGAIN | Errno::INTR) {
            return Err(ClientError::Io(error.into()));
        }
        if Instant::now() >= deadline {
            return Err(ClientError::TimedOut);
        }
        thread::sleep(FULL_QUEUE_PAUSE);
    }
    let stream = UnixStream::from(descriptor);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// A stream whose every read and write ends at one moment, however often data trickles in.
struct Timed<'a> {
    stream: &'a UnixStream,
    deadline: Instant,
}

impl Timed<'_> {
    fn remaining(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(Some(left))
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.remaining()?)?;
        self.stream.read(buffer)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.remaining()?)?;
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const KEEPALIVE_PING: u32 = 1;
const KEEPALIVE_PONG: u32 = 2;

/// More room than this is given back before the next answer.
const KEPT_BYTES: usize = 1 << 20;
const MAX_EVENTS: usize = 256;
const MAX_EVENT_BYTES: usize = 64 << 10;
const FULL_QUEUE_PAUSE: Duration = Duration::from_millis(20);
