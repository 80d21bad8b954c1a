//! What a line has beside its fields, and the choice of how it is laid out.

use std::str::FromStr;

use tracing::Level;

use super::fields::Fields;
use super::{json, text};
use crate::context::TraceIds;
use crate::error::{Error, ErrorKind};

/// How lines are laid out. Text layouts have what log pipelines find with patterns; see
/// [`LogFormat::from_str`] for the names that `LOG_FORMAT` takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogFormat {
    /// `json`: one object per line; the schema is in `docs/log-line.schema.json`.
    #[default]
    Json,
    /// `text`: `timestamp [LEVEL] component: message (key=value, key=value)`.
    Text,
    /// `grok-api`: `timestamp LEVEL [thread] logger - message key=value`.
    GrokApi,
    /// `grok-ml`: `timestamp LEVEL [stage] Model-name: message key=value`.
    GrokMl,
    /// `grok-workflow`: `timestamp LEVEL Workflow-id Stage-stage: message key=value`.
    GrokWorkflow,
}

impl LogFormat {
    /// Every layout.
    pub const ALL: [Self; 5] = [
        Self::Json,
        Self::Text,
        Self::GrokApi,
        Self::GrokMl,
        Self::GrokWorkflow,
    ];

    /// The name that `LOG_FORMAT` knows it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::GrokApi => "grok-api",
            Self::GrokMl => "grok-ml",
            Self::GrokWorkflow => "grok-workflow",
        }
    }
}

impl FromStr for LogFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let known = Self::ALL
            .into_iter()
            .find(|format| format.as_str().eq_ignore_ascii_case(name.trim()));
        known.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "no log format is called `{}`; there are json, text, grok-api, grok-ml and grok-workflow",
                    name.escape_debug()
                ),
            )
        })
    }
}

/// What a line has beside its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) stamp: &'a str,
    pub(super) level: Level,
    pub(super) service: &'a str,
    /// The component of lines that name none.
    pub(super) component: Option<&'a str>,
    pub(super) target: &'a str,
    pub(super) thread: Option<&'a str>,
    /// Where in the program, if that is to be shown.
    pub(super) place: Option<Place<'a>>,
    pub(super) trace: Option<TraceIds>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) file: Option<&'a str>,
    pub(super) line: Option<u32>,
}

/// The target of access lines.
pub(super) const ACCESS: &str = "novacron::access";

impl Head<'_> {
    /// Which index of the pipeline the line belongs to, unless a field says so.
    pub(super) fn kind(&self, fields: &Fields) -> &'static str {
        if self.target == ACCESS {
            "access"
        } else if self.level == Level::ERROR {
            "error"
        } else if fields.get("model_name").is_some() || fields.get("workflow_id").is_some() {
            "ml"
        } else {
            "application"
        }
    }

    /// Lays a line out, without its end.
    pub(super) fn write(&self, format: LogFormat, fields: &Fields, out: &mut String) {
        match format {
            LogFormat::Json => json::write(self, fields, out),
            LogFormat::Text => text::write(self, fields, out),
            LogFormat::GrokApi => text::grok_api(self, fields, out),
            LogFormat::GrokMl => text::grok_ml(self, fields, out),
            LogFormat::GrokWorkflow => text::grok_workflow(self, fields, out),
        }
    }
}

/// Appends an id in hexadecimal, with all its zeros.
pub(super) fn hex<const DIGITS: u32>(id: u128, out: &mut String) {
    const LETTERS: [u8; 16] = *b"0123456789abcdef";
    for place in (0..DIGITS).rev() {
        out.push(char::from(LETTERS[(id >> (4 * place)) as usize & 15]));
    }
}
