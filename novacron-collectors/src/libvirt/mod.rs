//! Domains of libvirt.

pub mod client;
mod collector;
pub mod domain;
pub mod frame;
mod guest;
mod link;
mod plan;
mod process;
pub mod protocol;
mod publish;
mod settings;
pub mod xdr;
pub mod xml;

pub use collector::{LibvirtCollector, LibvirtReading};
pub use guest::Guest;
pub use settings::LibvirtSettings;
