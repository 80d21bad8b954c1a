//! Serving scrapes.
//!
//! [`MetricsService`] answers them over HTTP, in whatever server it is mounted;
//! [`Registry::render`](crate::Registry::render) gives the same text as a `String`, and
//! [`Registry::chunks`](crate::Registry::chunks) gives it piece by piece.
//!
//! ```
//! use novacron_telemetry::Registry;
//!
//! let registry = Registry::new();
//! assert_eq!(registry.render(), "", "a registry shows what is registered, and nothing is");
//! ```

#[cfg(feature = "http")]
mod body;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "http")]
mod query;
mod render;
#[cfg(feature = "axum")]
mod router;
#[cfg(feature = "http")]
mod service;

#[cfg(feature = "http")]
pub use body::MetricsBody;
pub use render::Chunks;
#[cfg(feature = "http")]
pub use service::{MetricsService, ScrapeMetrics};

pub use crate::encode::Format;
