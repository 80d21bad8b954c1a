//! A token that does not print, and the digest that is kept of it.

use std::fmt::{self, Write as _};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::redact::REDACTED;

/// A bearer token. It prints as `[redacted]`, and its memory is wiped when it is dropped.
///
/// ```
/// use novacron_telemetry::expose::Token;
///
/// let token = Token::generate()?;
/// assert_eq!(token.expose().len(), 64);
/// assert_eq!(format!("{token:?} {token}"), "[redacted] [redacted]");
/// assert!(Token::new("").is_err() && Token::new("two words").is_err());
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// Longer than any token, and far shorter than the head of a request may be.
pub(super) const LONGEST: usize = 4096;

impl Token {
    /// A token of this text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if it is empty, longer than 4096 bytes, or holds anything but
    /// printable ASCII without spaces: it could not be sent in a header.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let token = Self(Zeroizing::new(text.into()));
        match fault(&token.0) {
            None => Ok(token),
            Some(fault) => Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("token: {fault}"),
            )),
        }
    }

    /// The token that an environment variable holds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] that names the variable: it is not set, or holds no token.
    pub fn from_env(variable: &str) -> Result<Self> {
        let wrong = |what: &str| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!("environment variable {variable}: {what}"),
            )
        };
        let text = std::env::var(variable)
            .map(Zeroizing::new)
            .map_err(|_| wrong("it holds no text; set it to the token"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        match fault(text) {
            None => Ok(Self(Zeroizing::new(text.to_owned()))),
            Some(fault) => Err(wrong(fault)),
        }
    }

    /// A new token: 256 bits from the operating system, in hexadecimal.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Exporter`] if the operating system has no random numbers.
    pub fn generate() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|error| {
            Error::new(ErrorKind::Exporter, "random numbers")
                .with_source(io::Error::other(error.to_string()))
        })?;
        let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
        for byte in *bytes {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// The token itself. The name is long so that a reader sees where it comes out.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Writes it to a file that only its owner may read, in place of what is there: whoever reads
    /// the file meanwhile finds the old token or this one, and nothing in between.
    ///
    /// The file keeps the mode that it has, unless others could read it: then, and if it is new, the
    /// mode is 0600.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        // Through a link, if it is one: the link stays.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut beside = name.to_owned();
        beside.push(format!(".{}.new", std::process::id()));
        let beside = path.with_file_name(beside);
        let saved = self.write(&beside, &path).and_then(|()| {
            fs::rename(&beside, &path)?;
            // The name is on the disk once its folder is; a file system that cannot say so is
            // no reason to take the new token back.
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let _ = fs::File::open(folder.unwrap_or(Path::new("."))).and_then(|f| f.sync_all());
            Ok(())
        });
        if saved.is_err() {
            let _ = fs::remove_file(&beside);
        }
        saved
    }

    fn write(&self, beside: &Path, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        // Left behind by a process of the same number that was killed.
        let _ = fs::remove_file(beside);
        let mut file = options.open(beside)?;
        #[cfg(unix)]
        if let Ok(old) = fs::metadata(path) {
            use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
            // Who could read the old token, through its group, can read this one.
            let kept = fchown(&file, Some(old.uid()), Some(old.gid())).is_ok();
            if kept && old.mode() & 0o7 == 0 {
                file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o640))?;
            }
        }
        #[cfg(not(unix))]
        let _ = path;
        file.write_all(self.0.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    }

    /// What is kept of it; the token itself is wiped.
    pub(super) fn into_digest(self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

/// What is wrong with a text that should be a token, in words that do not repeat it.
fn fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("it is empty; put the token there, in one line")
    } else if text.len() > LONGEST {
        Some("it is longer than 4096 bytes, which no token is")
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("a token is one word of printable ASCII")
    } else {
        None
    }
}

/// The token in a file: one line, with whatever editors put around it.
pub(super) fn parse(bytes: &[u8]) -> io::Result<Token> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).unwrap_or("\0").trim_ascii();
    match fault(text) {
        None => Ok(Token(Zeroizing::new(text.to_owned()))),
        Some(fault) => Err(super::super::file::refusal(fault)),
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// What is kept of a token. Two are compared in the same time wherever they differ, and however
/// long the tokens were.
#[derive(Clone)]
pub(super) struct Digest(Zeroizing<[u8; 32]>);

impl Digest {
    pub(super) fn of(token: &[u8]) -> Self {
        Self(Zeroizing::new(Sha256::digest(token).into()))
    }

    pub(super) fn is(&self, other: &Self) -> Choice {
        self.0.as_slice().ct_eq(other.0.as_slice())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}
