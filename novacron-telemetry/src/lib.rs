//! One typed metric catalog for services that run virtual machines.

// The derives say `::novacron_telemetry::…`, also here.
#[allow(unused_extern_crates)]
extern crate self as novacron_telemetry;

pub mod catalog;
mod cell;
pub mod context;
#[cfg(feature = "describe")]
pub mod describe;
mod encode;
mod error;
pub mod expose;
pub mod label;
#[cfg(feature = "http")]
pub mod layer;
pub mod metric;
pub mod record;
pub mod registry;
mod sync;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use error::{Error, ErrorKind, Result};
pub use registry::Registry;
