//! Settings from a `NovaFile`.
//!
//! The file is TOML. What stands in the tables below is read strictly: a key that is not known, a
//! value of the wrong type or out of its range is an error that says where, and nothing of the file
//! is used. Other tables belong to others and are let be. The order of precedence is: what the code
//! says, then the environment, then the file.
//!
//! ```toml
//! [metrics]
//! exporter = true                  # off: /metrics answers 404
//! listen = "0.0.0.0:9640"          # where an exporter of its own listens
//! collect_libvirt_stats = true
//! collect_container_stats = true
//! profiles = ["nova-rc5"]          # the same samples under the names of another system
//!
//! [metrics.tls]                    # PEM; relative paths begin where the file is
//! cert = "tls/cert.pem"
//! key = "tls/key.pem"
//! client_ca = "tls/clients.pem"    # mutual TLS
//! allowed_names = ["prometheus.example.net"]
//!
//! [metrics.auth]
//! token_file = "token"             # or token_env = "NOVA_METRICS_TOKEN"
//! grace = "5m"                     # how long the old token is good after a rotation
//! protect_health = false
//!
//! [metrics.limits]
//! connections = 128
//! scrapes = 16
//! head = "10s"
//! max_series = 1000000
//! per_vm = true
//!
//! [logs]
//! level = "info,sqlx=warn"       # LOG_LEVEL overrules it
//! format = "json"                  # LOG_FORMAT overrules it
//! file = "/var/log/novacron/api-server.log"
//!
//! [traces]
//! endpoint = "http://127.0.0.1:4318"
//! [traces.sample]
//! default = 0.1
//! ```
//!
//! ```
//! use novacron_telemetry::Telemetry;
//! use novacron_telemetry::config::Config;
//!
//! let config: Config = "[metrics]\nexporter = false".parse()?;
//! assert!(!config.metrics.exporter);
//! let telemetry = Telemetry::builder("api-server", "1.0.0").config(&config).build()?;
//!
//! let error = "[metrics]\nexportr = false".parse::<Config>().unwrap_err();
//! assert!(error.to_string().contains("unknown field `exportr`"), "{error}");
//! assert!(error.to_string().contains("line 2"), "{error}");
//! assert!(error.to_string().contains("did you mean `exporter`?"), "{error}");
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

mod duration;
mod file;
mod hint;
#[cfg(feature = "listener")]
mod listener;
#[cfg(feature = "logs")]
mod logs;
mod metrics;
#[cfg(feature = "otlp")]
mod traces;

#[cfg(feature = "logs")]
pub use logs::LogsConfig;
pub use metrics::{AuthConfig, LimitsConfig, MetricsConfig, TlsConfig};
#[cfg(feature = "otlp")]
pub use traces::{SampleConfig, TracesConfig};

use std::io;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};

/// What a `NovaFile` says. Tables and keys that it leaves out have their defaults.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Config {
    /// The table `[metrics]`.
    pub metrics: MetricsConfig,
    /// The table `[logs]`.
    #[cfg(feature = "logs")]
    pub logs: LogsConfig,
    /// The table `[traces]`.
    #[cfg(feature = "otlp")]
    pub traces: TracesConfig,
}

impl Config {
    /// Reads a file that has to be there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`], with the path and, where there is one, the line and the key: the
    /// file is not there, is no plain file, is larger than 1 MiB, is no UTF-8 or TOML, or says what
    /// cannot be.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = file::read(path).map_err(|error| unreadable(path, error))?;
        Self::of_file(path, &text)
    }

    /// Reads a file if it is there; the defaults if not.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), but for a file that is not there.
    pub fn load_if_present(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match file::read(path) {
            Ok(text) => Self::of_file(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(unreadable(path, error)),
        }
    }

    fn of_file(path: &Path, text: &str) -> Result<Self> {
        let config = Self::parse(text);
        let mut config = config.map_err(|error| wrong(&path.display().to_string(), &error))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.metrics.based(folder);
        #[cfg(feature = "logs")]
        config.logs.based(folder);
        Ok(config)
    }

    fn parse(text: &str) -> std::result::Result<Self, toml::de::Error> {
        // What editors of other systems put in front of a text.
        toml::from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
    }
}

impl FromStr for Config {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).map_err(|error| wrong("NovaFile", &error))
    }
}

fn wrong(name: &str, error: &toml::de::Error) -> Error {
    // The parser's own text says the line and the column, and shows the line.
    let said = error.to_string();
    let meant = hint::meant(&said).map_or(String::new(), |key| format!("; did you mean `{key}`?"));
    Error::new(
        ErrorKind::InvalidConfig,
        format!("{name}: {}{meant}", said.trim_end()),
    )
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    let what = format!("{}: {error}", path.display());
    Error::new(ErrorKind::InvalidConfig, what).with_source(error)
}
