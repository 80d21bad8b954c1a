//! The table `[logs]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Config;
use crate::error::Result;
use crate::logs::{LogFormat, Logs, LogsBuilder};

/// The table `[logs]`.
///
/// ```
/// use novacron_telemetry::config::Config;
///
/// let config: Config = "[logs]\nlevel = \"info,api_server=debug\"\nformat = \"text\"".parse()?;
/// assert_eq!(config.logs.level.as_deref(), Some("info,api_server=debug"));
/// let logs = config.logs("api-server")?;
/// # let _ = logs;
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogsConfig {
    /// Which events are lines, as `LOG_LEVEL` says it. Default: `info`.
    pub level: Option<String>,
    /// How lines are laid out, as `LOG_FORMAT` says it. Default: JSON.
    #[serde(deserialize_with = "format")]
    pub format: Option<LogFormat>,
    /// The file that lines are appended to; a relative path begins where the `NovaFile` is. Default:
    /// standard output.
    pub file: Option<PathBuf>,
}

fn format<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<LogFormat>, D::Error> {
    let name = String::deserialize(value)?;
    name.parse().map(Some).map_err(serde::de::Error::custom)
}

impl LogsConfig {
    pub(super) fn based(&mut self, folder: &Path) {
        self.file = self.file.take().map(|file| folder.join(file));
    }
}

impl Config {
    /// The log of the service of this name, as the file says and the environment overrules it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) that names the variable.
    pub fn logs(&self, service: &str) -> Result<LogsBuilder> {
        let mut logs = Logs::builder(service);
        if let Some(level) = &self.logs.level {
            logs = logs.filter(level);
        }
        if let Some(format) = self.logs.format {
            logs = logs.format(format);
        }
        if let Some(file) = &self.logs.file {
            logs = logs.file(file);
        }
        logs.from_env()
    }
}
