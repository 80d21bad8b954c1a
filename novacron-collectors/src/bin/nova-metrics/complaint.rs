//! Why it does not run, in words for whoever has to make it run.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use novacron_telemetry::{Error, ErrorKind};

/// What is wrong, and what could be done about it.
#[derive(Debug)]
pub(crate) struct Complaint {
    what: String,
    hint: Option<String>,
    code: u8,
}

/// Something outside refused: a port, a file.
const REFUSED: u8 = 1;
/// What was said makes no sense; clap ends with the same code.
const SENSELESS: u8 = 2;

impl Complaint {
    /// The settings say what cannot be.
    pub(crate) fn settings(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: None,
            code: SENSELESS,
        }
    }

    /// A file cannot be read or written.
    pub(crate) fn file(what: &str, path: &Path, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => Some("is the path right, and its folder there?"),
            std::io::ErrorKind::PermissionDenied => {
                Some("run it as a user who may, or change who may: `ls -l` says who")
            }
            std::io::ErrorKind::ReadOnlyFilesystem => {
                Some("the file system is read-only: choose another path")
            }
            _ => None,
        };
        Self {
            what: format!("{what} {}: {error}", path.display()),
            hint: hint.map(str::to_owned),
            code: REFUSED,
        }
    }

    /// Something outside refused to work with us.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: None,
            code: REFUSED,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// All of it in one line, for the log.
    pub(crate) fn one_line(&self) -> String {
        let text = match &self.hint {
            Some(hint) => format!("{}; {hint}", self.what),
            None => self.what.clone(),
        };
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<Error> for Complaint {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidConfig => Self::settings(error.to_string()),
            ErrorKind::Bind => Self::refused(error.to_string())
                .hint("`ss -ltnp` says who has a port; --listen chooses another address"),
            _ => Self::refused(error.to_string()),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "nova-metrics: {}", self.what)?;
        match &self.hint {
            Some(hint) => writeln!(f, "hint: {hint}"),
            None => Ok(()),
        }
    }
}
