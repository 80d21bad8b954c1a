//! Settings that change while the service runs.

use std::path::Path;

use super::Telemetry;
use crate::catalog::CallResult;
use crate::catalog::exporter::ResultLabels;
use crate::config::Config;
use crate::error::Result;

impl Telemetry {
    /// Reads a `NovaFile` again: to be called on SIGHUP. What can change while the service runs is
    /// changed: whether scrapes are answered, which events are lines of the log (unless `LOG_LEVEL`
    /// says it), and the log's file is opened anew; listeners of its own read their tokens and
    /// certificates again. The rest holds from the next start on.
    ///
    /// Either all of it is changed or nothing is: a file that is wrong leaves everything as it was. It
    /// is counted in `novacron_config_reloads_total` and told in a log event.
    ///
    /// # Errors
    ///
    /// As [`Config::load`], and if the file's directives for the log cannot be read.
    pub fn reload(&self, path: impl AsRef<Path>) -> Result<Config> {
        let path = path.as_ref();
        let reloaded = Config::load(path).and_then(|config| self.apply(&config).map(|()| config));
        let own = &self.0.recorder.catalog().exporter;
        let result = match &reloaded {
            Ok(_) => {
                own.config_last_reload_success_timestamp_seconds.set_now();
                tracing::info!(path = %path.display(), "settings were read again");
                CallResult::Success
            }
            Err(error) => {
                tracing::error!(%error, "settings were not read again; the old ones hold");
                CallResult::Failure
            }
        };
        own.config_reloads_total.inc(&ResultLabels { result });
        reloaded
    }

    #[allow(
        unused_variables,
        reason = "without logs and scrapes there is nothing to change"
    )]
    fn apply(&self, config: &Config) -> Result<()> {
        // What may fail comes first.
        #[cfg(feature = "listener")]
        self.reload_listeners()?;
        #[cfg(feature = "logs")]
        self.reload_logs(config)?;
        #[cfg(feature = "http")]
        self.0.metrics.switch(config.metrics.exporter);
        Ok(())
    }

    #[cfg(feature = "logs")]
    fn reload_logs(&self, config: &Config) -> Result<()> {
        if let Some(logs) = &self.0.logs {
            let overruled = std::env::var_os("LOG_LEVEL").is_some_and(|level| !level.is_empty());
            if let Some(level) = &config.logs.level
                && !overruled
            {
                logs.reload(level)?;
            }
            logs.reopen();
        }
        Ok(())
    }
}
