//! Switches that make this server slow, wrong or absent, so that every alert can be seen firing.
//!
//! Each fault is real: a delay is waited, a panic unwinds, a failing statement fails in SQLite, an
//! exhausted pool has no connection left. `PUT /faults` changes the fields it names and leaves the
//! others, `DELETE /faults` clears them all.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    Json,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    error::{ApiError, Body},
};

/// The switches as they are now, shared by everyone who acts on them.
#[derive(Debug, Default)]
pub struct Faults(RwLock<FaultSettings>);

/// What each switch stands at; nothing is wrong when all are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FaultSettings {
    /// Every API request waits this long before it is handled, and an export before each row.
    /// Milliseconds, ≤ 60 000.
    pub delay_ms: u64,
    /// The share of API requests answered 500 in place of their handler's answer, 0–1.
    pub error_ratio: f64,
    /// The share of API requests whose handler panics, 0–1.
    pub panic_ratio: f64,
    /// Every statement takes this much longer, holding its connection. Milliseconds, ≤ 60 000.
    pub slow_query_ms: u64,
    /// The share of statements that fail in SQLite, 0–1.
    pub query_error_ratio: f64,
    /// Every connection is out of the pool: statements wait for one, in vain.
    pub pool_exhausted: bool,
    /// The service says that it is down: API requests and `/health` are answered 503.
    pub down: bool,
}

/// The body of `PUT /faults`: any of the switches.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultChange {
    delay_ms: Option<u64>,
    error_ratio: Option<f64>,
    panic_ratio: Option<f64>,
    slow_query_ms: Option<u64>,
    query_error_ratio: Option<f64>,
    pool_exhausted: Option<bool>,
    down: Option<bool>,
}

impl Faults {
    /// The switches at this moment.
    pub fn current(&self) -> FaultSettings {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies a change, or none of it, and returns what now holds.
    ///
    /// # Errors
    /// 422, naming the first field that is out of its range.
    pub fn change(&self, change: FaultChange) -> Result<FaultSettings, ApiError> {
        let mut settings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = change.onto(*settings);
        changed.check()?;
        *settings = changed;
        Ok(changed)
    }

    /// Switches everything off.
    pub fn clear(&self) -> FaultSettings {
        let mut settings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *settings = FaultSettings::default();
        *settings
    }
}

impl FaultSettings {
    /// Whether the next statement is one of those that fail.
    pub(crate) fn query_fails(&self) -> bool {
        // Drawn only when on: an honest server asks no dice.
        self.query_error_ratio > 0.0 && fastrand::f64() < self.query_error_ratio
    }

    /// The pause before a request, and before each row of an export.
    pub(crate) async fn delay(&self) {
        if self.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
        }
    }

    fn check(&self) -> Result<(), ApiError> {
        for (name, ms) in [
            ("delay_ms", self.delay_ms),
            ("slow_query_ms", self.slow_query_ms),
        ] {
            if ms > MS_MAX {
                return Err(ApiError::unprocessable(format!(
                    "`{name}` must be from 0 to {MS_MAX}, not {ms}"
                )));
            }
        }
        for (name, ratio) in [
            ("error_ratio", self.error_ratio),
            ("panic_ratio", self.panic_ratio),
            ("query_error_ratio", self.query_error_ratio),
        ] {
            if !(0.0..=1.0).contains(&ratio) {
                return Err(ApiError::unprocessable(format!(
                    "`{name}` must be from 0 to 1, not {ratio}"
                )));
            }
        }
        Ok(())
    }
}

impl FaultChange {
    fn onto(self, now: FaultSettings) -> FaultSettings {
        let Self {
            delay_ms,
            error_ratio,
            panic_ratio,
            slow_query_ms,
            query_error_ratio,
            pool_exhausted,
            down,
        } = self;
        FaultSettings {
            delay_ms: delay_ms.unwrap_or(now.delay_ms),
            error_ratio: error_ratio.unwrap_or(now.error_ratio),
            panic_ratio: panic_ratio.unwrap_or(now.panic_ratio),
            slow_query_ms: slow_query_ms.unwrap_or(now.slow_query_ms),
            query_error_ratio: query_error_ratio.unwrap_or(now.query_error_ratio),
            pool_exhausted: pool_exhausted.unwrap_or(now.pool_exhausted),
            down: down.unwrap_or(now.down),
        }
    }
}

/// `GET /faults`.
pub async fn show(State(app): State<Arc<App>>) -> Json<FaultSettings> {
    Json(app.faults.current())
}

/// `PUT /faults`.
///
/// # Errors
/// 400 for an unknown field or a wrong type, 422 for a value out of its range; then nothing has
/// changed.
pub async fn put(
    State(app): State<Arc<App>>,
    Body(change): Body<FaultChange>,
) -> Result<Json<FaultSettings>, ApiError> {
    let settings = app.faults.change(change)?;
    app.health.tell();
    app.store.database().follow_faults().await;
    Ok(Json(settings))
}

/// `DELETE /faults`.
pub async fn clear(State(app): State<Arc<App>>) -> Json<FaultSettings> {
    let settings = app.faults.clear();
    app.health.tell();
    app.store.database().follow_faults().await;
    Json(settings)
}

/// Middleware around the API's handlers: everything in here happens inside the request that it
/// spoils.
///
/// # Errors
/// 503 under `down`, 500 for the share of requests that `error_ratio` asks for, and whatever the
/// handler answers.
///
/// # Panics
/// For the share of requests that `panic_ratio` asks for; that is what it is for.
pub async fn inject(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let faults = app.faults.current();
    if faults.down {
        return Err(ApiError::unavailable("the fault `down` is on"));
    }
    faults.delay().await;
    // One draw for both, so that each keeps its own share as long as they sum to at most 1.
    let draw = fastrand::f64();
    if draw < faults.panic_ratio {
        // Unwinds as `panic!` does, but without the hook's message: at a hundred a second,
        // backtraces would be the load.
        std::panic::resume_unwind(Box::new("the fault `panic_ratio` is on"));
    }
    if draw < faults.panic_ratio + faults.error_ratio {
        return Err(ApiError::internal("the fault `error_ratio` is on"));
    }
    Ok(next.run(request).await)
}

const MS_MAX: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> FaultChange {
        serde_json::from_str(json).expect("a change")
    }

    #[test]
    fn a_change_touches_only_what_it_names() {
        let faults = Faults::default();
        faults
            .change(change(r#"{"delay_ms": 20, "down": true}"#))
            .expect("in range");
        let now = faults
            .change(change(r#"{"down": false, "error_ratio": 0.5}"#))
            .expect("in range");
        assert_eq!(
            now,
            FaultSettings {
                delay_ms: 20,
                error_ratio: 0.5,
                ..FaultSettings::default()
            }
        );
        assert_eq!(faults.clear(), FaultSettings::default());
    }

    #[test]
    fn a_value_out_of_range_changes_nothing_at_all() {
        let faults = Faults::default();
        for (json, field) in [
            (r#"{"down": true, "error_ratio": 1.5}"#, "error_ratio"),
            (r#"{"down": true, "panic_ratio": -0.1}"#, "panic_ratio"),
            (
                r#"{"down": true, "query_error_ratio": 2}"#,
                "query_error_ratio",
            ),
            (r#"{"down": true, "delay_ms": 60001}"#, "delay_ms"),
            (r#"{"down": true, "slow_query_ms": 60001}"#, "slow_query_ms"),
        ] {
            let error = faults.change(change(json)).expect_err("out of range");
            assert!(error.to_string().contains(&format!("`{field}`")), "{error}");
            assert_eq!(faults.current(), FaultSettings::default());
        }
    }

    #[test]
    fn shares_of_zero_and_one_leave_nothing_to_chance() {
        let never = FaultSettings::default();
        let always = FaultSettings {
            query_error_ratio: 1.0,
            ..never
        };
        assert!((0..1000).all(|_| always.query_fails() && !never.query_fails()));
    }
}
