//! From settings to a running log.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use tracing_subscriber::layer::SubscriberExt;

use super::filter::{Current, Directives};
use super::limit::Limiter;
use super::line::LogFormat;
use super::queue::Queue;
use super::sink::{Output, Sink};
use super::writer::Writer;
use super::{Logs, Owner, Shared};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::Mutex;

/// Settings of [`Logs`] that are about to be.
#[derive(Debug)]
#[must_use = "nothing is logged before `build` or `init`"]
pub struct LogsBuilder {
    service: String,
    component: Option<String>,
    format: LogFormat,
    directives: String,
    output: Output,
    journal: Journal,
    places: bool,
    queue_bytes: usize,
    queue_lines: usize,
    lines_per_second: u32,
    burst: u32,
}

/// When lines begin with their priority.
#[derive(Debug)]
enum Journal {
    Never,
    Always,
    /// If the journal reads the stream that this `JOURNAL_STREAM` names.
    If(String),
}

impl LogsBuilder {
    pub(super) fn new(service: String) -> Self {
        Self {
            service,
            component: None,
            format: LogFormat::default(),
            directives: String::new(),
            output: Output::default(),
            journal: Journal::Never,
            places: false,
            queue_bytes: 8 << 20,
            queue_lines: 1 << 17,
            lines_per_second: 1_000,
            burst: 1_000,
        }
    }

    /// Takes `LOG_LEVEL`, `LOG_FORMAT` and systemd's `JOURNAL_STREAM` from the environment, where
    /// they are set. What is called after it wins.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] that names the variable, if its value cannot be used.
    pub fn from_env(self) -> Result<Self> {
        self.from_lookup(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), from somewhere else.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_lookup(mut self, lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let named = |name: &'static str| {
            move |error: Error| Error::new(ErrorKind::InvalidConfig, format!("{name}: {error}"))
        };
        if let Some(level) = lookup("LOG_LEVEL") {
            Directives::parse(&level).map_err(named("LOG_LEVEL"))?;
            self.directives = level;
        }
        if let Some(format) = lookup("LOG_FORMAT").filter(|format| !format.trim().is_empty()) {
            self.format = format.parse().map_err(named("LOG_FORMAT"))?;
        }
        if let Some(stream) = lookup("JOURNAL_STREAM") {
            self.journal = Journal::If(stream);
        }
        Ok(self)
    }

    /// Which part of the service writes lines that name none themselves.
    pub fn component(mut self, component: impl Into<String>) -> Self {
        self.component = Some(component.into());
        self
    }

    /// How lines are laid out. Default: JSON.
    pub fn format(mut self, format: LogFormat) -> Self {
        self.format = format;
        self
    }

    /// Which events are lines: `LEVEL` and `TARGET=LEVEL`, separated by commas, a level being
    /// error, warn, info, debug, trace or off. Default: `info`. They are read by
    /// [`build`](Self::build) and [`init`](Self::init).
    pub fn filter(mut self, directives: impl Into<String>) -> Self {
        self.directives = directives.into();
        self
    }

    /// Writes to standard output. This is the default.
    pub fn stdout(mut self) -> Self {
        self.output = Output::Stdout;
        self
    }

    /// Writes to standard error.
    pub fn stderr(mut self) -> Self {
        self.output = Output::Stderr;
        self
    }

    /// Appends to a file, which is made with mode 640 if there is none. The path may lead to a FIFO
    /// or a terminal, but its last part not to a symbolic link.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.output = Output::File(path.into());
        self
    }

    /// Writes to something else. It is called on the log's own thread, with whole lines, and may
    /// take its time.
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.output = Output::Other(Box::new(writer));
        self
    }

    /// Whether lines begin with their priority (`<3>` for an error), as the journal of systemd
    /// reads it from a standard stream. Default: no; with [`from_env`](Self::from_env) if
    /// `JOURNAL_STREAM` says that the journal is what reads.
    pub fn priorities(mut self, priorities: bool) -> Self {
        self.journal = if priorities {
            Journal::Always
        } else {
            Journal::Never
        };
        self
    }

    /// Whether lines say where in the program they come from. Default: no.
    pub fn source_places(mut self, places: bool) -> Self {
        self.places = places;
        self
    }

    /// How much may wait to be written, in bytes of lines. What comes beyond is dropped and counted.
    /// Default: 8 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// How many lines may wait to be written. Default: 131 072.
    pub fn queue_lines(mut self, lines: usize) -> Self {
        self.queue_lines = lines;
        self
    }

    /// How many lines one place in the program may write in a second, and how many at once. What
    /// comes beyond is counted, and how many it were is said in a line of its own. Default: 1 000 and
    /// 1 000; 0 a second for no limit. Access lines have none.
    pub fn rate_limit(mut self, per_second: u32, burst: u32) -> Self {
        (self.lines_per_second, self.burst) = (per_second, burst);
        self
    }

    /// Opens the output and starts the thread that writes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if a directive cannot be read, the output cannot be opened or
    /// the thread not be started.
    pub fn build(self) -> Result<Logs> {
        let directives = Directives::parse(&self.directives)?;
        let sink = Sink::open(self.output)?;
        let shared = Arc::new(Shared {
            queue: Queue::new(self.queue_bytes, self.queue_lines),
            limiter: Limiter::new(self.lines_per_second, self.burst),
            filter: Arc::new(Current::new(directives)),
            changes: Mutex::new(Vec::new()),
            service: self.service.into(),
            component: self.component.map(Into::into),
            format: self.format,
            places: self.places,
            priorities: match &self.journal {
                Journal::Never => false,
                Journal::Always => true,
                Journal::If(stream) => sink.is_journal(stream),
            },
        });
        let writer = Writer::new(Arc::clone(&shared), sink);
        let started = thread::Builder::new()
            .name("novacron-logs".to_owned())
            .spawn(move || writer.run());
        match started {
            Ok(_) => Ok(Logs(Arc::new(Owner { shared }))),
            Err(error) => Err(Error::new(
                ErrorKind::InvalidConfig,
                "the thread that writes log lines cannot be started",
            )
            .with_source(error)),
        }
    }

    /// Builds it, and makes it the only subscriber of the whole process. A host that has layers of
    /// its own composes them with [`Logs::layer`] instead.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`ErrorKind::SubscriberInstalled`] if a subscriber is set
    /// already: it stays.
    pub fn init(self) -> Result<Logs> {
        let logs = self.build()?;
        let subscriber = tracing_subscriber::registry().with(logs.layer());
        tracing::subscriber::set_global_default(subscriber).map_err(|_| {
            Error::new(
                ErrorKind::SubscriberInstalled,
                "`Logs::layer()` adds lines to it",
            )
        })?;
        Ok(logs)
    }
}
