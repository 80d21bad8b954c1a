//! Asking the runtimes, each within its share of the time.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use novacron_telemetry::collect::Run;

use super::book::Book;
use super::discover::Found;
use super::names::Id;
use super::runtime::Runtime;
use super::{ContainersSettings, process};
use crate::circuit::Circuits;
use crate::http::Error;
use crate::root::Root;

/// The sockets that were named.
#[derive(Debug)]
pub(super) struct Sockets {
    sockets: Vec<Socket>,
    circuits: Circuits<PathBuf>,
    list_interval: Duration,
    size_interval: Option<Duration>,
    /// The containers that had a group at the last tick.
    found: HashSet<Id>,
}

/// One socket, what is behind it, and what it said.
#[derive(Debug)]
pub(super) struct Socket {
    /// As it was named.
    path: PathBuf,
    pub(super) runtime: Option<Runtime>,
    pub(super) book: Book,
    listed: Option<Instant>,
    /// Containers that could not be looked at.
    circuits: Circuits<Id>,
    /// Whether the last list is still to be believed.
    pub(super) answers: bool,
}

/// For how long what failed once is left alone.
const PAUSE: Duration = Duration::from_secs(15);
/// How long a runtime may take over one container.
const ONE: Duration = Duration::from_secs(1);

impl Sockets {
    pub(super) fn new(settings: &ContainersSettings) -> Self {
        let socket = |path: &PathBuf| Socket {
            path: path.clone(),
            runtime: None,
            book: Book::default(),
            listed: None,
            circuits: Circuits::new(PAUSE),
            answers: false,
        };
        let size = settings.size_interval;
        Self {
            sockets: settings.sockets.iter().map(socket).collect(),
            circuits: Circuits::new(PAUSE),
            list_interval: settings.list_interval,
            found: HashSet::new(),
            size_interval: (!size.is_zero()).then_some(size),
        }
    }

    /// The sockets, in the order in which they were named.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Socket> {
        self.sockets.iter()
    }

    /// Asks those that are due. Half of what is left of the run's time is theirs, in equal shares,
    /// so that a runtime that hangs does not make the run come too late. Where containers came or
    /// went since the last tick, all are due: nobody is to be shown by an id first and a name later.
    pub(super) fn ask(&mut self, root: &Root, found: &[Found], run: &mut Run) {
        let found: HashSet<Id> = found.iter().map(|found| found.id.clone()).collect();
        let list_interval = match found == self.found {
            true => self.list_interval,
            false => Duration::ZERO,
        };
        self.found = found;
        let until = Instant::now() + run.remaining() / 2;
        let mut seen = Vec::new();
        let count = self.sockets.len() as u32;
        for (at, socket) in self.sockets.iter_mut().enumerate() {
            let now = Instant::now();
            let path = root.path(socket.path.strip_prefix("/").unwrap_or(&socket.path));
            // One runtime often has several paths, `/var/run` beside `/run` say.
            let Ok(real) = path.canonicalize() else {
                socket.forget();
                continue;
            };
            if seen.contains(&real) {
                socket.forget();
                continue;
            }
            seen.push(real);
            if !self.circuits.allows(&socket.path, now) {
                run.skip(socket.path.display(), "it did not answer and is left alone");
                continue;
            }
            let share = until.saturating_duration_since(now) / (count - at as u32);
            let asked = socket.ask(&path, root, now + share, list_interval, self.size_interval);
            match asked {
                Ok(()) => self.circuits.worked(&socket.path),
                // A socket that nobody listens at is what a stopped daemon leaves behind.
                Err(Error::Io(error)) if is_absent(&error) => socket.forget(),
                Err(error) => {
                    run.skip(socket.path.display(), &error);
                    self.circuits.failed(socket.path.clone(), Instant::now());
                    socket.runtime = None;
                    socket.listed = None;
                    socket.answers = false;
                }
            }
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

impl Socket {
    fn forget(&mut self) {
        self.runtime = None;
        self.listed = None;
        self.circuits.retain(|_| false);
        self.answers = false;
        self.book.close();
    }

    fn ask(
        &mut self,
        path: &Path,
        root: &Root,
        by: Instant,
        list_interval: Duration,
        size_interval: Option<Duration>,
    ) -> Result<(), Error> {
        let left = || by.saturating_duration_since(Instant::now());
        let runtime = match &mut self.runtime {
            Some(runtime) => runtime,
            none => none.insert(Runtime::open(path, left())?),
        };
        let now = Instant::now();
        if self
            .listed
            .is_none_or(|listed| now.duration_since(listed) >= list_interval)
        {
            self.book.list(runtime.list(left())?);
            self.listed = Some(now);
            let book = &self.book;
            self.circuits
                .retain(|id| book.listed().iter().any(|listed| listed.id == *id));
        }
        self.answers = true;
        let alive = |pid| process::alive(root, pid);
        for id in self.book.line(now, alive) {
            // The list is known; who is left over comes first the next time.
            if left().is_zero() {
                return Ok(());
            }
            if !self.circuits.allows(&id, now) {
                continue;
            }
            match runtime.inspect(&id, false, left().min(ONE)) {
                Ok(details) => {
                    self.circuits.worked(&id);
                    self.book.write(&id, details, now, false, alive);
                }
                // One that its runtime cannot describe does not keep the others waiting.
                Err(Error::Late | Error::Status(_) | Error::Malformed(_) | Error::TooLarge) => {
                    self.circuits.failed(id, now);
                }
                Err(error) => return Err(error),
            }
        }
        let due = size_interval.and_then(|every| self.book.to_measure(now, every));
        if let Some(id) = due {
            match runtime.inspect(&id, true, left()) {
                Ok(details) => self.book.write(&id, details, now, true, alive),
                // Too large to be measured in this time: not again before it is due again.
                Err(_) => self.book.not_measured(&id, now),
            }
        }
        Ok(())
    }
}
