//! Every route, and the handlers of those that have no room of their own.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Query, State as Extract, rejection::QueryRejection},
    http::{StatusCode, header::LOCATION},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use novacron_telemetry::{
    catalog::Method, expose::BearerAuth, layer::http::AccessLines, prelude::*,
    record::record_validation_failure,
};
use serde::{Deserialize, Serialize};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    App,
    error::{ApiError, Body, VmId},
    events, export, faults,
    vm::{Action, NewVm, State, Vm},
    webhook,
};

/// The query of `GET /api/v1/vms`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    state: Option<State>,
    #[serde(default)]
    after: i64,
    #[serde(default = "default_limit")]
    limit: u32,
}

/// One page of VMs.
#[derive(Debug, Serialize)]
pub struct Page {
    /// In the order of their ids.
    pub vms: Vec<Vm>,
    /// What to put after `after=` for the next page; `null` on the last one.
    pub next: Option<i64>,
}

/// The route that Prometheus asks, with the token in front of it if there is one.
fn scrapes(app: &App, auth: Option<&BearerAuth>) -> Router<Arc<App>> {
    let metrics = app.telemetry.metrics_service();
    match auth {
        None => metrics.router("/metrics"),
        Some(auth) => {
            app.telemetry.watch_auth(auth);
            metrics.router("/metrics").layer(auth.layer())
        }
    }
}

/// The whole server: the API, which is watched and can be spoilt, and beside it what must answer
/// in any case.
///
/// # Errors
/// When the routes cannot be declared; that would be a mistake in [`ROUTES`].
pub fn router(
    app: &Arc<App>,
    auth: Option<&BearerAuth>,
) -> Result<Router, novacron_telemetry::Error> {
    let watch = app.telemetry.http_layer().routes(ROUTES)?;
    let watch = watch.access_lines(AccessLines::new());
    Ok(api(app)
        .layer(watch)
        .merge(control())
        .merge(app.telemetry.health().router())
        .merge(scrapes(app, auth))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        // Outside the layer that counts, which then sees a panic as a panic and not as a 500.
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::internal("the handler panicked").into_response()
        }))
        .with_state(Arc::clone(app)))
}

/// `/api/*`, and the fallbacks for what is nowhere.
fn api(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/vms", get(list).post(create))
        .route("/api/v1/vms/export", get(export::export))
        .route("/api/v1/vms/{id}", get(show).delete(delete))
        .route(
            "/api/v1/vms/{id}/start",
            post(|app, id| act(app, id, Action::Start)),
        )
        .route(
            "/api/v1/vms/{id}/stop",
            post(|app, id| act(app, id, Action::Stop)),
        )
        .route(
            "/api/v1/vms/{id}/restart",
            post(|app, id| act(app, id, Action::Restart)),
        )
        .route("/api/v1/events", get(events::listen))
        .route_layer(from_fn_with_state(Arc::clone(app), faults::inject))
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .fallback(|| async { ApiError::not_found("there is no such route") })
}

/// What operators and Alertmanager use: neither counted as API work nor spoilt by faults.
fn control() -> Router<Arc<App>> {
    Router::new()
        .route("/alerts", post(webhook::receive))
        .route(
            "/faults",
            get(faults::show).put(faults::put).delete(faults::clear),
        )
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
}

async fn list(
    Extract(app): Extract<Arc<App>>,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Page>, ApiError> {
    let Query(Listing {
        state,
        after,
        limit,
    }) = query.map_err(|refused| ApiError::bad_request(refused.body_text()))?;
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::unprocessable(format!(
            "`limit` must be from 1 to {PAGE_MAX}, not {limit}"
        )));
    }
    let vms = app.store.page(after, limit, state).await?;
    let next = vms
        .last()
        .filter(|_| vms.len() == limit as usize)
        .map(|vm| vm.id);
    Ok(Json(Page { vms, next }))
}

// Behind the layer a marked handler is not counted twice: it tells the layer what class of error it
// returned. Without a layer it would count by itself.
#[instrument_api(endpoint = "/api/v1/vms", method = "POST", error = ApiError::failure)]
async fn create(
    Extract(app): Extract<Arc<App>>,
    new: Result<Body<NewVm>, ApiError>,
) -> Result<Response, ApiError> {
    let new = new.and_then(|Body(new)| new.check().map(|()| new));
    // A verb without a handle: inside a request it finds the telemetry that counts the request.
    let new = new.inspect_err(|_| record_validation_failure("/api/v1/vms"))?;
    let vm = app.fleet.create(&new).await?;
    let location = [(LOCATION, format!("/api/v1/vms/{}", vm.id))];
    Ok((StatusCode::CREATED, location, Json(vm)).into_response())
}

async fn show(Extract(app): Extract<Arc<App>>, VmId(id): VmId) -> Result<Json<Vm>, ApiError> {
    let vm = app.store.find(id).await?;
    vm.map(Json)
        .ok_or_else(|| ApiError::not_found(format!("there is no VM {id}")))
}

#[instrument_api(endpoint = "/api/v1/vms/{id}", method = "DELETE", error = ApiError::failure)]
async fn delete(Extract(app): Extract<Arc<App>>, VmId(id): VmId) -> Result<StatusCode, ApiError> {
    app.fleet.delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn act(
    Extract(app): Extract<Arc<App>>,
    VmId(id): VmId,
    action: Action,
) -> Result<Json<Vm>, ApiError> {
    Ok(Json(app.fleet.act(id, action).await?))
}

/// The API's routes: their series are there from the start, at 0.
pub const ROUTES: [(Method, &str); 9] = [
    (Method::Get, "/api/v1/vms"),
    (Method::Post, "/api/v1/vms"),
    (Method::Get, "/api/v1/vms/export"),
    (Method::Get, "/api/v1/vms/{id}"),
    (Method::Delete, "/api/v1/vms/{id}"),
    (Method::Post, "/api/v1/vms/{id}/start"),
    (Method::Post, "/api/v1/vms/{id}/stop"),
    (Method::Post, "/api/v1/vms/{id}/restart"),
    (Method::Get, "/api/v1/events"),
];

const fn default_limit() -> u32 {
    100
}

/// The most VMs on one page of a listing.
const PAGE_MAX: u32 = 1000;

/// The largest body a request may have; Alertmanager's are the largest that come.
const BODY_MAX: usize = 256 * 1024;
