//! Calls served over gRPC, counted exactly once however they end.
//!
//! The layer speaks to no gRPC library: it reads heads, trailers and the lengths of messages as
//! they pass, and stands around tonic's server (`Server::builder().layer(…)`), around axum, hyper
//! or any other tower service. It refuses nothing and changes no byte. Its families are the group
//! `grpc`, which is switched on by name: `Telemetry::builder(…).groups(Groups::CORE | Groups::GRPC)`.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use novacron_telemetry::catalog::Catalog;
//! use novacron_telemetry::layer::grpc::{CountedRequest, GrpcLayer};
//! use novacron_telemetry::record::{Recorder, Settings};
//! use novacron_telemetry::registry::{Groups, Registry};
//! use tower_layer::Layer;
//! use tower_service::Service;
//!
//! let registry = Registry::new();
//! let catalog = Catalog::register(&registry, Groups::CORE | Groups::GRPC)?;
//! let recorder = Recorder::new(catalog, Settings::default());
//!
//! let layer = GrpcLayer::new(recorder).unary(["/vm.Manager/Start"])?;
//! // A server that answers each call with the message that it got.
//! let mut server = layer.layer(tower::service_fn(
//!     |request: Request<CountedRequest<Full<Bytes>>>| async {
//!         let message = request.into_body().collect().await?.to_bytes();
//!         let trailers = http::HeaderMap::from_iter([(
//!             http::HeaderName::from_static("grpc-status"),
//!             http::HeaderValue::from_static("0"),
//!         )]);
//!         let body = Full::new(message).with_trailers(async { Some(Ok(trailers)) });
//!         let answer = Response::builder().header("content-type", "application/grpc");
//!         Ok::<_, std::convert::Infallible>(answer.body(body).unwrap())
//!     },
//! ));
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let call = Request::post("/vm.Manager/Start").header("content-type", "application/grpc");
//! // Five bytes in front of each message: one flag, and its length.
//! let call = call.body(Full::from(&b"\0\0\0\0\x04vm-7"[..])).unwrap();
//! let answer = server.call(call).await.unwrap();
//! answer.into_body().collect().await.unwrap();
//! # });
//! let snapshot = registry.snapshot();
//! let method = [("service", "vm.Manager"), ("method", "Start")];
//! let ok = [method[0], method[1], ("code", "OK")];
//! assert_eq!(snapshot.value("novacron_grpc_requests_total", &ok), Some(1.0));
//! assert_eq!(snapshot.value("novacron_grpc_received_bytes_total", &method), Some(4.0));
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```
//!
//! # What is counted, and when
//!
//! A request is a call if its `content-type` is `application/grpc`, with or without a suffix. All
//! else passes uncounted, gRPC-Web too: its status is inside its body, so put the layer that
//! translates it outside of this one.
//!
//! A call begins in `call` and is in flight until its answer ends.
//!
//! | it ended with | `code` |
//! |---|---|
//! | trailers | what they say |
//! | a head that says it, alone (*trailers-only*) | what it says |
//! | a `grpc-status` that cannot be read | `UNKNOWN` |
//! | a complete body and no `grpc-status` anywhere | `UNKNOWN` |
//! | an HTTP status other than 200, and no `grpc-status` | what the gRPC specification maps it to |
//! | the client leaving | `CANCELLED`; what the head said, if it said something |
//! | the client leaving when its `grpc-timeout`, or [`GrpcLayer::timeout`], is over | `DEADLINE_EXCEEDED` |
//! | an inner service that ran out of time | `DEADLINE_EXCEEDED` |
//! | an inner service that failed | `UNKNOWN`: so the specification calls errors that nobody explains |
//! | a body that failed | `INTERNAL`: the stream is reset, and clients read that so |
//! | a panic | `INTERNAL` |
//!
//! A client's clock starts before its request arrives, so its time counts as over a little before it
//! is over here: a tenth of it, at most 100 ms.
//!
//! Messages are counted as they are read from the request and as they are sent, each when its last
//! byte went by, with its size on the wire: compressed, without the five bytes in front. A message
//! that never completes is not counted. Sizes are two counters and not histograms because of what
//! they cost: over messages their quotient is the mean, and eleven bounds for each of two
//! directions of every method would be more series than all other families of the group together.
//!
//! # Which methods have a name
//!
//! A path is what a stranger wrote. Its service and method become labels if the method was declared
//! ([`GrpcLayer::unary`], [`GrpcLayer::streaming`]), or once a call of it was answered by a message
//! or by `OK`, which only a handler does. An error says nothing: what stands before the handlers,
//! such as a check of credentials, answers every path with one. Until then its calls are
//! `UNMATCHED`, in both labels; the call that shows the name has it, but is in flight as
//! `UNMATCHED` to its end, since it began so. Caps hold beside: 32 services, and 64 methods of all
//! services together.
//!
//! # Unary or streaming
//!
//! What a client was told to expect stands in descriptors, which nobody sends. Unary calls are timed
//! in `request_duration_seconds` if they were answered, streams in `stream_duration_seconds` however
//! they ended. A declared method is what it was declared. Any other call is a stream
//!
//! - if more than one message went in a direction; once a *server* sent more than one, the method is
//!   known to stream, and all its later calls are streams;
//! - if the answer's first message left before the request was complete.
//!
//! So a stream of an undeclared method that carried one message at most, in either direction, looks
//! unary: declare methods where that matters. A client that sends too much to a unary method spoils
//! the time of that call only.
//!
//! # Order
//!
//! As with [HTTP](crate::layer): what ends a call early inside of this layer is seen as what it is,
//! outside it looks like a client that left. tonic puts its own time limits outside of all layers;
//! one that the client asked for is known by its `grpc-timeout`, the server's own must be told to
//! [`GrpcLayer::timeout`].
//!
//! # What it costs
//!
//! Once warm the layer allocates nothing. tonic's router puts every request body that is not its
//! own into a box, which is one allocation for each call.

mod body;
pub(super) mod deadline;
mod frames;
mod future;
mod layer;
mod notes;
pub(super) mod path;
mod request;
mod service;
pub(super) mod status;
mod work;

pub use body::CountedBody;
pub use future::ResponseFuture;
pub use layer::GrpcLayer;
pub use request::CountedRequest;
pub use service::GrpcService;
