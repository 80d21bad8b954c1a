//! Which collectors run, how often, and what each is told: from a `NovaFile`.
//!
//! Two of its tables are about collectors. What stands in `[metrics]` switches kinds of them, and is
//! otherwise read by [`Config`](novacron_telemetry::config::Config); `[collectors.NAME]` is about one.
//!
//! ```toml
//! [metrics]
//! collect_libvirt_stats = true      # off: neither `libvirt` nor `libvirt_jobs`
//! collect_container_stats = true    # off: no `containers`
//! [metrics.limits]
//! per_vm = true                     # off: no series for each guest and each container
//!
//! [collectors.network]
//! enabled = true
//! interval = "5s"                   # how often it runs
//! timeout = "2s"                    # how long a run may take
//! exclude = ["lo", "veth*"]         # its own keys
//! ```
//!
//! Collectors, keys and values that are not known are errors that say where, and what was probably
//! meant. An embedded host and `nova-metrics` start the same collectors with the same text:
//!
//! ```
//! use novacron_collectors::{Root, settings::Settings};
//! use novacron_telemetry::Telemetry;
//!
//! let text = "[collectors.platform]\ninterval = \"5m\"\n[collectors.rdma]\nenabled = false";
//! let settings: Settings = text.parse()?;
//! let telemetry = Telemetry::builder("agent", "1.0.0").build()?;
//! let running = settings.start(&telemetry, &Root::new("/"))?;
//! assert!(running.contains(&"platform") && !running.contains(&"rdma"));
//!
//! let error = "[collectors.network]\nintervall = \"5s\"".parse::<Settings>().unwrap_err();
//! assert!(error.to_string().contains("did you mean `interval`?"), "{error}");
//! assert!(error.to_string().contains("line 2"), "{error}");
//! # telemetry.shutdown_blocking(std::time::Duration::from_secs(5))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod hint;
mod list;
mod start;
mod table;

pub use hint::nearest;
pub use list::{NAMES, Settings};
pub use table::Table;

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Why a text holds no [`Settings`]: which place, what is wrong with it, and what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

impl FromStr for Settings {
    type Err = SettingsError;

    /// Reads the text of a `NovaFile`.
    fn from_str(text: &str) -> Result<Self, SettingsError> {
        // What editors of other systems put in front of a text.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file: File = toml::from_str(text)
            .map_err(|error| SettingsError(error.to_string().trim_end().to_owned()))?;
        let mut settings = file.collectors;
        let Switches {
            collect_libvirt_stats,
            collect_container_stats,
            limits,
        } = file.metrics;
        settings.switch(
            collect_libvirt_stats,
            collect_container_stats,
            limits.per_vm,
        );
        Ok(settings)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    metrics: Switches,
    collectors: Settings,
}

/// What `[metrics]` says about collectors. It is `Config` that is strict about the rest of it.
#[derive(Deserialize)]
#[serde(default)]
struct Switches {
    collect_libvirt_stats: bool,
    collect_container_stats: bool,
    limits: Limits,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            collect_libvirt_stats: true,
            collect_container_stats: true,
            limits: Limits::default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(default)]
struct Limits {
    per_vm: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_vm: true }
    }
}
