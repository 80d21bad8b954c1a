//! Reading everything again: the NovaFile, the token, certificates.

use novacron_collectors::Root;
use novacron_telemetry::Telemetry;
use novacron_telemetry::catalog::CallResult;
use novacron_telemetry::catalog::exporter::ResultLabels;
use novacron_telemetry::expose::Listener;
use novacron_telemetry::logs::Logs;

use super::args::Options;
use super::complaint::Complaint;
use super::setup::Setup;

/// An exporter that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) options: Options,
    /// What it runs with.
    pub(crate) setup: Setup,
    pub(crate) telemetry: Telemetry,
    pub(crate) listener: Listener,
    pub(crate) logs: Logs,
    pub(crate) root: Root,
}

impl Running {
    /// Reads everything again. What is wrong leaves everything as it was, and is a line of the log.
    pub(crate) fn reload(&mut self) {
        match Setup::read(&self.options) {
            Err(complaint) => {
                self.count(CallResult::Failure);
                self.keep(&complaint);
            }
            Ok(setup) => {
                if self.adopt(&setup) {
                    self.say_what_waits(&setup);
                    self.setup = setup;
                }
            }
        }
    }

    /// Changes what can change while it runs. Says whether it did.
    fn adopt(&self, setup: &Setup) -> bool {
        // Both count what came of it, and say it in the log.
        let read = match &setup.file {
            Some(file) => self.telemetry.reload(file).map(drop),
            None => self.without_file(),
        };
        if read.is_err() {
            return false;
        }
        if let Some(level) = &self.options.log_level
            && let Err(error) = self.logs.reload(level)
        {
            tracing::error!(%error, "--log-level no longer holds");
        }
        let changed = setup
            .settings
            .change(&self.setup.settings, &self.telemetry, &self.root);
        match changed {
            Ok(running) => tracing::info!(collectors = running.join(","), "collectors run"),
            Err(refused) => {
                for (collector, error) in refused {
                    tracing::error!(collector, %error, "not started again; the next reload tries");
                }
            }
        }
        true
    }

    /// There is no file, but the token's and the certificates' may have changed.
    fn without_file(&self) -> novacron_telemetry::Result<()> {
        let read = self.listener.reload();
        match &read {
            Ok(()) => {
                self.count(CallResult::Success);
                tracing::info!("there is no NovaFile; token and certificates were read again");
            }
            Err(error) => {
                self.count(CallResult::Failure);
                tracing::error!(%error, "settings were not read again; the old ones hold");
            }
        }
        read
    }

    fn keep(&self, complaint: &Complaint) {
        let error = complaint.one_line();
        tracing::error!(error, "settings were not read again; the old ones hold");
    }

    fn count(&self, result: CallResult) {
        let own = &self.telemetry.recorder().catalog().exporter;
        own.config_reloads_total.inc(&ResultLabels { result });
    }

    /// Says what the file says now that only a restart can bring.
    fn say_what_waits(&self, setup: &Setup) {
        let later = setup.later(&self.setup);
        if !later.is_empty() {
            let settings = later.join(", ");
            tracing::warn!(settings, "these hold from the next restart on");
        }
    }
}
