//! Tower layers: a service is counted without a line in its handlers.
//!
//! # Order
//!
//! Whoever sees a request first owns it, so put [`HttpLayer`](http::HttpLayer) outside everything
//! that may end a request:
//!
//! | layer | inside ours (ours is added later) | outside ours |
//! |---|---|---|
//! | `CatchPanic` | a 500 without a panic count: we see only its answer | one panic, status 500 |
//! | `Timeout` | status 408 or 504, counted as timed out | looks like a client that left: 499 |
//! | `Compression` | response sizes are those on the wire | response sizes are those before compression |
//! | `Trace` | its span is inside the time we measure | its span is around it |
//!
//! So: `Timeout` inside, `CatchPanic` outside.
//!
//! [`grpc`] counts the calls of a gRPC server, which a status of HTTP says nothing about, and
//! [`client`] the calls that a service makes to others.

mod answer;
pub mod client;
#[cfg(feature = "grpc")]
pub mod grpc;
pub mod http;
