//! API requests over HTTP, counted exactly once however they end.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Empty};
//! use novacron_telemetry::catalog::{Catalog, Method};
//! use novacron_telemetry::layer::http::HttpLayer;
//! use novacron_telemetry::record::{Recorder, Settings};
//! use novacron_telemetry::registry::{Groups, Registry};
//! use tower_layer::Layer;
//! use tower_service::Service;
//!
//! let registry = Registry::new();
//! let recorder = Recorder::new(Catalog::register(&registry, Groups::CORE)?, Settings::default());
//!
//! let layer = HttpLayer::new(recorder).routes([(Method::Get, "/api/v1/vms/{id}")])?;
//! let mut service = layer.layer(tower::service_fn(|_: Request<Empty<Bytes>>| async {
//!     Ok::<_, std::convert::Infallible>(Response::new(Empty::<Bytes>::new()))
//! }));
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let request = Request::get("/api/v1/vms/7").body(Empty::new()).unwrap();
//! let response = service.call(request).await.unwrap();
//! response.into_body().collect().await.unwrap();
//! # });
//! let labels = [("method", "GET"), ("endpoint", "/api/v1/vms/{id}"), ("status", "200")];
//! assert_eq!(registry.snapshot().value("novacron_api_requests_total", &labels), Some(1.0));
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```
//!
//! # What is counted, and when
//!
//! A request begins in `call` and is in flight until its body ends. Its duration is observed when
//! the head of the response is ready, the time to the end when the body ends; event streams and
//! upgrades are in neither, because how long a client stays is no latency.
//!
//! | it ended with | `status` | also |
//! |---|---|---|
//! | a complete body, or none (`HEAD`, 204, 304) | the response's | |
//! | the client leaving before the head | 499 | `client_disconnects_total` |
//! | the client leaving inside the body | 499, or the response's if that is 500 or more | `client_disconnects_total` |
//! | the client leaving an event stream or an upgraded connection | the response's | |
//! | a body that failed | 500, or the response's if that is 500 or more | |
//! | an event stream that failed | the response's | `errors_total`, as `internal` |
//! | a panic | 500, or the response's if that is 500 or more | `panics_total` |
//! | an inner service that ran out of time | 408 or 504 | `timeouts_total` |
//! | an inner service that failed | 500 | |
//!
//! # Endpoints
//!
//! The `endpoint` label is a route template, never a path: axum's matched path where the layer is
//! inside a router (feature `axum`), else the declared route that matches, else what
//! [`HttpLayer::endpoint_with`] finds, else `UNMATCHED`.

mod access;
mod body;
mod endpoint;
mod future;
mod layer;
mod service;
mod work;

pub use access::AccessLines;
pub use body::CountedBody;
pub use endpoint::RequestView;
pub(super) use endpoint::method_of;
pub use future::ResponseFuture;
pub use layer::HttpLayer;
pub use service::HttpService;
