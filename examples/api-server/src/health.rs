//! `GET /health`, and the same answer as metrics.
//!
//! It repeats what housekeeping saw last, so it answers at once even when the database does not.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use novacron_telemetry::{
    catalog::health::ComponentLabelsRef,
    record::{Recorder, update_database_up},
};
use serde_json::json;

use crate::{App, database::POOL, faults::Faults};

/// Whether this server can do its work.
#[derive(Debug)]
pub struct Health {
    faults: Arc<Faults>,
    recorder: Recorder,
    /// Why the database did not answer last time, if it did not.
    trouble: Mutex<Option<String>>,
}

impl Health {
    /// Healthy, until something else is seen.
    #[must_use]
    pub fn new(faults: Arc<Faults>, recorder: Recorder) -> Self {
        Self {
            faults,
            recorder,
            trouble: Mutex::new(None),
        }
    }

    /// Takes note of how the database answered.
    pub fn database_is(&self, answer: Result<(), String>) {
        let up = answer.is_ok();
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = answer.err();
        self.recorder.in_scope(|| update_database_up(POOL, up));
        let component = ComponentLabelsRef {
            component: "database",
        };
        let checks = &self.recorder.catalog().health.health_check_status;
        checks.set(&component, f64::from(up));
        self.tell();
    }

    /// Says whether the service is available; to be called when a fault changes that.
    pub fn tell(&self) {
        let healthy = !self.faults.current().down && self.trouble().is_none();
        self.recorder.service_availability(SERVICE, healthy);
    }

    fn trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// `GET /health`: 200 or 503.
pub async fn show(State(app): State<Arc<App>>) -> Response {
    let (trouble, down) = (app.health.trouble(), app.faults.current().down);
    let word = |healthy| if healthy { "healthy" } else { "unhealthy" };
    let healthy = trouble.is_none() && !down;
    let body = json!({
        "status": word(healthy),
        "service": SERVICE,
        "version": env!("CARGO_PKG_VERSION"),
        "checks": {
            "database": { "status": word(trouble.is_none()), "message": trouble },
            "faults": { "status": word(!down) },
        },
    });
    let status = match healthy {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    // For people with curl, as much as for probes: indented.
    let body = format!("{body:#}\n");
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// The name of this service in its own metrics.
const SERVICE: &str = env!("CARGO_PKG_NAME");
