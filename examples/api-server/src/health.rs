//! What this server is made of, as probes see it.
//!
//! Housekeeping and the fault switches know how things are, so nobody has to be asked: both say it,
//! and `/health`, `/healthz`, `/livez` and `/readyz` answer at once even when the database does not.

use std::sync::Arc;

use novacron_telemetry::{
    Error, Telemetry,
    health::Component,
    record::{Recorder, update_database_up},
};

use crate::{database::POOL, faults::Faults};

/// Whether this server can do its work.
#[derive(Debug)]
pub struct Health {
    faults: Arc<Faults>,
    recorder: Recorder,
    database: Component,
    /// As good as the switches say.
    switches: Component,
}

impl Health {
    /// Registers what this server is made of.
    ///
    /// # Errors
    /// When `telemetry` has components of these names.
    pub fn new(faults: Arc<Faults>, telemetry: &Telemetry) -> Result<Self, Error> {
        let health = telemetry.health();
        let health = Self {
            faults,
            recorder: telemetry.recorder().clone(),
            database: health.component("database")?,
            switches: health.component("faults")?,
        };
        health.tell();
        Ok(health)
    }

    /// Takes note of how the database answered.
    pub fn database_is(&self, answer: Result<(), String>) {
        let up = answer.is_ok();
        self.recorder.in_scope(|| update_database_up(POOL, up));
        self.database.set(answer);
    }

    /// Says whether the service is available; to be called when a fault changes that.
    pub fn tell(&self) {
        let switches = match self.faults.current().down {
            true => Err("the fault `down` is on"),
            false => Ok(()),
        };
        self.switches.set(switches);
    }
}
