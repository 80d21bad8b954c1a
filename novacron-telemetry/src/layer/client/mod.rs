//! Calls that a service makes to others, counted exactly once however they end.
//!
//! [`HttpClientLayer`] stands around a client that takes HTTP requests, such as hyper's or one
//! built of tower layers; [`GrpcClientLayer`] (feature `grpc`) around a
//! channel, such as tonic's. A request that is part of a trace is told so in its `traceparent`; else
//! requests pass as they are, and their bodies are not wrapped. The families are of the group
//! `provider`, which is switched on by name.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Empty};
//! use novacron_telemetry::catalog::Catalog;
//! use novacron_telemetry::layer::client::HttpClientLayer;
//! use novacron_telemetry::record::{Recorder, Settings};
//! use novacron_telemetry::registry::{Groups, Registry};
//! use tower_layer::Layer;
//! use tower_service::Service;
//!
//! let registry = Registry::new();
//! let catalog = Catalog::register(&registry, Groups::CORE | Groups::PROVIDER)?;
//! let recorder = Recorder::new(catalog, Settings::default());
//!
//! let mut client = HttpClientLayer::new(recorder, "billing").layer(tower::service_fn(
//!     |_: Request<Empty<Bytes>>| async {
//!         Ok::<_, std::convert::Infallible>(Response::new(Empty::<Bytes>::new()))
//!     },
//! ));
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let request = Request::get("http://billing/invoices").body(Empty::new()).unwrap();
//! client.call(request).await.unwrap().into_body().collect().await.unwrap();
//! # });
//! let labels = [("service", "billing"), ("status", "success")];
//! assert_eq!(registry.snapshot().value("novacron_external_calls_total", &labels), Some(1.0));
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```
//!
//! # What is counted, and when
//!
//! The label `service` is given when the layer is built, and its series are there from then on. A
//! call begins in `call` and is counted when it ends.
//!
//! | it ended with | HTTP: `status` | gRPC: `code` |
//! |---|---|---|
//! | a complete answer | `error` from 400 on, else `success` | that of its trailers or head, `UNKNOWN` without one |
//! | an HTTP status other than 200, and no `grpc-status` | | what the gRPC specification maps it to |
//! | being dropped before the head | `error` | `CANCELLED`, or `DEADLINE_EXCEEDED` when its time is over |
//! | being dropped inside the body | that of the head: the caller needed no more | the same |
//! | an error of the client or of the body | `error` | `UNAVAILABLE`, or `DEADLINE_EXCEEDED` when its time is over |
//! | a panic | `error` | `INTERNAL` |
//!
//! The latency of a call over HTTP is the time to its head, or to its end if there was none; over
//! gRPC it is the time to its end, which for a stream is how long it was open. Errors of transports
//! are told apart by nothing but time, because their types are those of the client's library.

mod body;
mod future;
#[cfg(feature = "grpc")]
pub mod grpc;
mod http;
mod service;
mod work;

pub use body::CountedBody;
pub use future::ResponseFuture;
#[cfg(feature = "grpc")]
#[doc(inline)]
pub use grpc::GrpcClientLayer;
pub use http::HttpClientLayer;
pub use service::CountedClient;
