//! Where lines go: the standard streams, a file, or something of the host's.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};

/// Where lines go.
#[derive(Default)]
pub(super) enum Output {
    #[default]
    Stdout,
    Stderr,
    File(PathBuf),
    Other(Box<dyn Write + Send>),
}

/// An output that was opened, and may have to be opened again.
pub(super) struct Sink {
    output: Output,
    file: Option<File>,
    looked: Instant,
}

/// How often it is asked whether the file is still the one at its path.
const LOOK: Duration = Duration::from_secs(1);

impl Sink {
    /// Opens the output.
    ///
    /// A FIFO that nobody reads yet is no error: it is opened when somebody does.
    pub(super) fn open(output: Output) -> Result<Self> {
        let mut sink = Self {
            output,
            file: None,
            looked: Instant::now(),
        };
        match sink.reopen() {
            Err(error) if !has_no_reader(&error) => Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("log output {}", sink.name()),
            )
            .with_source(error)),
            _ => Ok(sink),
        }
    }

    /// Opens it anew. If that fails, what was open stays open.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        self.looked = Instant::now();
        let file = match &self.output {
            Output::Stdout => imp::duplicate(&io::stdout())?,
            Output::Stderr => imp::duplicate(&io::stderr())?,
            Output::File(path) => Some(imp::open(path)?),
            Output::Other(_) => None,
        };
        self.file = file;
        Ok(())
    }

    /// Opens it anew if somebody moved it away or put something in its place, as log rotation does.
    /// Says whether it did.
    pub(super) fn follow(&mut self) -> bool {
        let Output::File(path) = &self.output else {
            return false;
        };
        if self.looked.elapsed() < LOOK {
            return false;
        }
        self.looked = Instant::now();
        let same = self
            .file
            .as_ref()
            .is_some_and(|file| imp::is_at(file, path));
        !same && self.reopen().is_ok()
    }

    /// Writes what it takes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match (&mut self.output, &mut self.file) {
            (Output::Other(writer), _) => {
                let written = writer.write(bytes)?;
                writer.flush()?;
                Ok(written)
            }
            (_, Some(file)) => file.write(bytes),
            (Output::File(_), None) => {
                self.reopen()?;
                match &mut self.file {
                    Some(file) => file.write(bytes),
                    None => Err(io::ErrorKind::NotFound.into()),
                }
            }
            (Output::Stdout, None) => io::stdout().write(bytes),
            (Output::Stderr, None) => io::stderr().write(bytes),
        }
    }

    /// Whether an error means that trying again is of no use.
    pub(super) fn is_gone(&mut self, error: &io::Error) -> bool {
        match &self.output {
            // Somebody may read the FIFO again.
            Output::File(_) => {
                if error.kind() == io::ErrorKind::BrokenPipe {
                    self.file = None;
                }
                false
            }
            Output::Stdout | Output::Stderr => {
                error.kind() == io::ErrorKind::BrokenPipe || imp::is_closed(error)
            }
            Output::Other(_) => false,
        }
    }

    /// Where else to say that lines cannot be written: standard error, unless that is it.
    pub(super) fn elsewhere(&self) -> Option<File> {
        match self.output {
            Output::Stdout | Output::File(_) => imp::duplicate(&io::stderr()).ok()?,
            Output::Stderr | Output::Other(_) => None,
        }
    }

    /// Whether the journal of systemd reads it: then each line begins with its priority.
    pub(super) fn is_journal(&self, journal_stream: &str) -> bool {
        match (&self.output, &self.file) {
            (Output::Stdout | Output::Stderr, Some(file)) => imp::is_stream(file, journal_stream),
            _ => false,
        }
    }

    pub(super) fn name(&self) -> String {
        match &self.output {
            Output::Stdout => "stdout".to_owned(),
            Output::Stderr => "stderr".to_owned(),
            Output::File(path) => path.display().to_string(),
            Output::Other(_) => "writer".to_owned(),
        }
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sink").field(&self.name()).finish()
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Output::Stdout => f.write_str("Stdout"),
            Output::Stderr => f.write_str("Stderr"),
            Output::File(path) => f.debug_tuple("File").field(path).finish(),
            Output::Other(_) => f.write_str("Other(..)"),
        }
    }
}

fn refused(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_owned())
}

#[cfg(unix)]
mod imp {
    use std::fs::{self, FileType, OpenOptions};
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};

    use super::{File, Path, io, refused};

    /// Opens a file to append to.
    ///
    /// The last part of the path must not be a symbolic link: whoever may write into a log folder
    /// could have us append to any file. It is opened without waiting, because opening a FIFO waits
    /// for a reader.
    pub(super) fn open(path: &Path) -> io::Result<File> {
        // Asked before as well: opening a device may do something.
        match fs::symlink_metadata(path) {
            Ok(found) => suits(found.file_type())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o640)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)?;
        // And after: what is at the path may have changed between.
        suits(file.metadata()?.file_type())?;
        Ok(file)
    }

    fn suits(found: FileType) -> io::Result<()> {
        if found.is_file() || found.is_fifo() || found.is_char_device() {
            return Ok(());
        }
        Err(refused(if found.is_symlink() {
            "it is a symbolic link, which is not followed"
        } else if found.is_dir() {
            "it is a directory"
        } else {
            "it is neither a file nor a FIFO nor a terminal"
        }))
    }

    /// A handle of our own to a standard stream: what the host buffers and locks stays its own.
    pub(super) fn duplicate(stream: &impl AsFd) -> io::Result<Option<File>> {
        Ok(Some(stream.as_fd().try_clone_to_owned()?.into()))
    }

    pub(super) fn is_at(file: &File, path: &Path) -> bool {
        let identity = |found: fs::Metadata| (found.dev(), found.ino());
        let at = fs::symlink_metadata(path).map(identity);
        matches!((at, file.metadata().map(identity)), (Ok(at), Ok(file)) if at == file)
    }

    /// Whether this is the stream that `JOURNAL_STREAM` names, as `device:inode`. A process that
    /// was started below a service inherits the variable, but perhaps not the stream.
    pub(super) fn is_stream(file: &File, journal_stream: &str) -> bool {
        file.metadata()
            .is_ok_and(|found| journal_stream == format!("{}:{}", found.dev(), found.ino()))
    }

    pub(super) fn is_closed(error: &io::Error) -> bool {
        error.raw_os_error() == Some(libc::EBADF)
    }

    pub(super) fn has_no_reader(error: &io::Error) -> bool {
        error.raw_os_error() == Some(libc::ENXIO)
    }
}

#[cfg(not(unix))]
mod imp {
    use std::fs::OpenOptions;

    use super::{File, Path, io, refused};

    pub(super) fn open(path: &Path) -> io::Result<File> {
        if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            return Err(refused("it is not a file"));
        }
        OpenOptions::new().append(true).create(true).open(path)
    }

    pub(super) fn duplicate<S>(_: &S) -> io::Result<Option<File>> {
        Ok(None)
    }

    pub(super) fn is_at(_: &File, path: &Path) -> bool {
        path.exists()
    }

    pub(super) fn is_stream(_: &File, _: &str) -> bool {
        false
    }

    pub(super) fn is_closed(_: &io::Error) -> bool {
        false
    }

    pub(super) fn has_no_reader(_: &io::Error) -> bool {
        false
    }
}

use imp::has_no_reader;
