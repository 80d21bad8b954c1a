//! From settings to collectors that run, and from the settings they run with to others.

use novacron_telemetry::collect::Collector;
use novacron_telemetry::{Result, Telemetry};

use super::list::Settings;
use super::table::Table;
use crate::Root;

impl Settings {
    /// Starts every collector that is switched on, and shows of the others that they are off. Says
    /// which ones run.
    ///
    /// What is not there on this machine, hardware or a daemon, is looked for now and then, and is no
    /// error: such a collector runs, and shows nothing.
    ///
    /// # Errors
    ///
    /// As [`Telemetry::collect`]: nothing runs then that did not run before.
    pub fn start(&self, telemetry: &Telemetry, root: &Root) -> Result<Vec<&'static str>> {
        let mut running = Vec::new();
        let mut refused = None;
        for (name, started) in self.each(None, telemetry, root) {
            match started {
                Ok(true) => running.push(name),
                Ok(false) => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            None => Ok(running),
            Some(error) => {
                for name in running {
                    telemetry.stop_collecting(name);
                }
                Err(error)
            }
        }
    }

    /// Changes collectors that were started with other settings to these: only those of which the
    /// settings differ are stopped or started. Says which ones run now.
    ///
    /// # Errors
    ///
    /// Which collectors could not be changed, and why: one that hangs cannot be started again before
    /// it comes back. The others are changed all the same.
    pub fn change(
        &self,
        now: &Settings,
        telemetry: &Telemetry,
        root: &Root,
    ) -> std::result::Result<Vec<&'static str>, Vec<(&'static str, novacron_telemetry::Error)>>
    {
        let mut running = Vec::new();
        let mut refused = Vec::new();
        for (name, changed) in self.each(Some(now), telemetry, root) {
            match changed {
                Ok(true) => running.push(name),
                Ok(false) => {}
                Err(error) => refused.push((name, error)),
            }
        }
        match refused.is_empty() {
            true => Ok(running),
            false => Err(refused),
        }
    }
}

/// Where collectors are started.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) telemetry: &'a Telemetry,
    pub(super) root: &'a Root,
}

impl Start<'_> {
    /// Brings one collector to its settings. Says whether it runs.
    pub(super) fn collector<C: Collector, S: Clone + PartialEq>(
        self,
        table: &Table<S>,
        now: Option<&Table<S>>,
        new: impl FnOnce(Root, S) -> C,
    ) -> Result<bool> {
        if now == Some(table) {
            return Ok(table.enabled);
        }
        if now.is_some_and(|now| now.enabled) {
            self.telemetry.stop_collecting(C::NAME);
        }
        if !table.enabled {
            self.telemetry.collector_is_off(C::NAME);
            return Ok(false);
        }
        let collector = new(self.root.clone(), table.own.clone());
        let schedule = table.schedule(C::SCHEDULE);
        self.telemetry.collect_with(collector, schedule)?;
        Ok(true)
    }
}
