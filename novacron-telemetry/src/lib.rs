//! One typed metric catalog for services that run virtual machines.

// The derives say `::novacron_telemetry::…`, also here.
#[allow(
    unused_extern_crates,
    reason = "only expansions of the derives name it"
)]
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
pub mod prelude;
pub mod record;
pub mod registry;
mod sync;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use error::{Error, ErrorKind, Result};
#[doc(inline)]
pub use novacron_telemetry_macros::{instrument_api, instrument_migration};
pub use registry::Registry;
pub use telemetry::Telemetry;
