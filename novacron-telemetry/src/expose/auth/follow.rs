//! A token's file, looked at again and again.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::file::{self, Stamp};
use super::token::{self, Digest};
use crate::error::{Error, ErrorKind, Result};

/// A file, and what was in it when it was read last.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    path: PathBuf,
    digest: Digest,
    /// The state of the file that the digest is from, once that state is a settled one.
    settled: Option<Stamp>,
    /// When the file was written that the digest is from, in Unix seconds.
    written: Option<f64>,
    /// A state that may still be one of several while somebody writes, and since when it is seen.
    seen: Option<(Stamp, Instant)>,
    next: Instant,
    failing: bool,
}

/// How the file is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look<'a> {
    /// If it was not looked at lately.
    IfDue,
    /// Now, and what is there is believed at once if it is this.
    For(&'a Digest),
}

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long a file has to stay as it is before what is in it is believed: a half-written token
/// must not become one, and file systems tell two writes of one instant apart only by chance.
const QUIET: Duration = Duration::from_millis(100);

impl Followed {
    /// Reads a file in which there has to be a token.
    pub(super) fn open(path: PathBuf) -> Result<(Self, Digest)> {
        let (digest, stamp) = read(&path).map_err(|error| unusable(&path, &error))?;
        let followed = Self {
            digest: digest.clone(),
            settled: None,
            written: stamp.unix_seconds(),
            seen: None,
            next: Instant::now() + EVERY,
            failing: false,
            path,
        };
        Ok((followed, digest))
    }

    /// When the file was written, in Unix seconds.
    pub(super) fn written(&self) -> Option<f64> {
        self.written
    }

    /// Reads it now, and believes it.
    pub(super) fn read_now(&mut self) -> Result<Digest> {
        let (digest, stamp) = read(&self.path).map_err(|error| unusable(&self.path, &error))?;
        self.believe(&digest, stamp);
        Ok(digest)
    }

    /// What the file says if that is news; an error once when it begins to say nothing.
    pub(super) fn look(&mut self, look: Look<'_>, now: Instant) -> Option<Result<Digest>> {
        let wanted = match look {
            Look::For(digest) => Some(digest),
            Look::IfDue if now < self.next => return None,
            Look::IfDue => None,
        };
        self.next = now + EVERY;
        if let (Some(settled), Ok(stamp)) = (&self.settled, Stamp::look(&self.path))
            && *settled == stamp
        {
            // As it was, and what was wrong meanwhile is over.
            self.seen = None;
            self.failing = false;
            return None;
        }
        match read(&self.path) {
            Ok((digest, stamp)) => self.judge(digest, stamp, wanted, now),
            Err(error) => {
                self.seen = None;
                let said = std::mem::replace(&mut self.failing, true);
                (!said).then(|| Err(unusable(&self.path, &error)))
            }
        }
    }

    fn judge(
        &mut self,
        digest: Digest,
        stamp: Stamp,
        wanted: Option<&Digest>,
        now: Instant,
    ) -> Option<Result<Digest>> {
        let since = match self.seen {
            Some((seen, since)) if seen == stamp => since,
            _ => now,
        };
        let known = bool::from(digest.is(&self.digest));
        if now.duration_since(since) >= QUIET {
            self.believe(&digest, stamp);
            return (!known).then_some(Ok(digest));
        }
        self.seen = Some((stamp, since));
        self.next = now + QUIET;
        // Who brings exactly what is there has it from there.
        let brought = wanted.is_some_and(|wanted| digest.is(wanted).into());
        (brought && !known).then(|| {
            self.digest = digest.clone();
            self.written = stamp.unix_seconds();
            self.failing = false;
            Ok(digest)
        })
    }

    fn believe(&mut self, digest: &Digest, stamp: Stamp) {
        if !bool::from(digest.is(&self.digest)) {
            self.written = stamp.unix_seconds();
        }
        self.digest = digest.clone();
        self.settled = Some(stamp);
        self.seen = None;
        self.failing = false;
    }
}

/// A token is shorter, and a larger file is the wrong one.
const MOST: u64 = token::LONGEST as u64 + 64;

fn read(path: &Path) -> io::Result<(Digest, Stamp)> {
    let contents = file::read(path, MOST)?;
    let token = token::parse(&contents.bytes)?;
    if let Some(mode) = contents.mode.filter(|mode| mode & 0o137 != 0) {
        warn_once(path, mode);
    }
    Ok((token.into_digest(), contents.stamp))
}

/// Once for each file and mode: it is read again and again.
fn warn_once(path: &Path, mode: u32) {
    use crate::sync::Mutex;
    static SAID: Mutex<Vec<(PathBuf, u32)>> = Mutex::new(Vec::new());
    let mut said = SAID.lock();
    if said.len() < 64 && !said.iter().any(|(at, was)| at == path && *was == mode) {
        said.push((path.to_owned(), mode));
        drop(said);
        tracing::warn!(
            path = %path.display(),
            mode = format_args!("{mode:04o}"),
            "others may read the token; `chmod 0640` or stricter"
        );
    }
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    let cure = match error.kind() {
        io::ErrorKind::NotFound => "; write the token there, in one line, or name another file",
        io::ErrorKind::PermissionDenied => "; let the user that this runs as read it",
        _ => "",
    };
    Error::new(
        ErrorKind::InvalidConfig,
        format!("token file {}: {error}{cure}", path.display()),
    )
}
