//! Serving scrapes.
//!
//! [`MetricsService`] answers them over HTTP, in whatever server it is mounted;
//! [`Registry::render`](crate::Registry::render) gives the same text as a `String`, and
//! [`Registry::chunks`](crate::Registry::chunks) gives it piece by piece. With the feature `auth` a
//! bearer token stands in front of it, and with `listener` there is a port of its own.
//!
//! ```
//! use novacron_telemetry::Registry;
//!
//! let registry = Registry::new();
//! assert_eq!(registry.render(), "", "a registry shows what is registered, and nothing is");
//! ```

#[cfg(feature = "auth")]
mod auth;
#[cfg(feature = "http")]
mod body;
#[cfg(feature = "auth")]
mod file;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "listener")]
mod listener;
#[cfg(feature = "http")]
mod query;
mod render;
#[cfg(feature = "axum")]
mod router;
#[cfg(feature = "http")]
mod service;
#[cfg(feature = "auth")]
mod source;
#[cfg(feature = "tls")]
mod tls;

#[cfg(feature = "auth")]
pub use auth::{AuthLayer, AuthMetrics, BearerAuth, Guarded, GuardedFuture, Refused, Token};
#[cfg(feature = "http")]
pub use body::MetricsBody;
#[cfg(feature = "listener")]
pub use listener::{Drained, Listener, ListenerLimits, ListenerMetrics, ListenerOptions};
pub use render::Chunks;
#[cfg(feature = "http")]
pub use service::{MetricsService, ScrapeMetrics};
#[cfg(feature = "tls")]
pub use tls::TlsFiles;

pub use crate::encode::Format;
