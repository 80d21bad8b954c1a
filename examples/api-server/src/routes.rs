//! Every route, and the handlers of those that have no room of their own.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body as AxumBody, Bytes},
    extract::{DefaultBodyLimit, Query, State as Extract, rejection::QueryRejection},
    http::{
        StatusCode,
        header::{CONTENT_TYPE, LOCATION},
    },
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{Stream, stream};
use novacron_telemetry::{catalog::Method, layer::http::HttpLayer};
use serde::{Deserialize, Serialize};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    App,
    error::{ApiError, Body, VmId},
    events, faults, health,
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

/// The whole server: the API, which is watched and can be spoilt, and beside it what must answer
/// in any case.
///
/// # Errors
/// When the routes cannot be declared; that would be a mistake in [`ROUTES`].
pub fn router(app: &Arc<App>) -> Result<Router, novacron_telemetry::Error> {
    let watch = HttpLayer::new(app.recorder.clone()).routes(ROUTES)?;
    Ok(api(app)
        .layer(watch)
        .merge(control())
        .merge(app.scrapes.clone().router("/metrics"))
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
        .route("/api/v1/vms/export", get(export))
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
        .route("/health", get(health::show))
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

async fn create(
    Extract(app): Extract<Arc<App>>,
    Body(new): Body<NewVm>,
) -> Result<Response, ApiError> {
    let vm = app.fleet.create(&new).await?;
    Ok((
        StatusCode::CREATED,
        [(LOCATION, format!("/api/v1/vms/{}", vm.id))],
        Json(vm),
    )
        .into_response())
}

async fn show(Extract(app): Extract<Arc<App>>, VmId(id): VmId) -> Result<Json<Vm>, ApiError> {
    let vm = app.store.find(id).await?;
    vm.map(Json)
        .ok_or_else(|| ApiError::not_found(format!("there is no VM {id}")))
}

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

/// All VMs, one JSON object per line, each line sent as soon as it is there.
///
/// The table is read a page at a time, so that a client who reads slowly, or under `delay_ms`,
/// holds no connection meanwhile. The first page is read before the head is sent: a database that
/// fails at once is a 500, not half a file.
async fn export(Extract(app): Extract<Arc<App>>) -> Result<Response, ApiError> {
    let first = app.store.page(0, EXPORT_PAGE, None).await?;
    let body = AxumBody::from_stream(lines(app, first));
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

fn lines(app: Arc<App>, first: Vec<Vm>) -> impl Stream<Item = Result<Bytes, axum::BoxError>> {
    let page = first.into_iter();
    stream::try_unfold((app, page, 0), |(app, mut page, after)| async move {
        let mut vm = page.next();
        if vm.is_none() && after > 0 {
            page = app.store.page(after, EXPORT_PAGE, None).await?.into_iter();
            vm = page.next();
        }
        let Some(vm) = vm else { return Ok(None) };
        app.faults.current().delay().await;
        let mut line = serde_json::to_vec(&vm)?;
        line.push(b'\n');
        app.metrics.exported_rows_total.inc();
        Ok(Some((Bytes::from(line), (app, page, vm.id))))
    })
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

/// VMs read at a time by an export.
const EXPORT_PAGE: u32 = 256;

/// The largest body a request may have; Alertmanager's are the largest that come.
const BODY_MAX: usize = 256 * 1024;
