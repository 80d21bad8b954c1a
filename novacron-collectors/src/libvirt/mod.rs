//! Domains of libvirt.

pub mod client;
pub mod domain;
pub mod frame;
pub mod protocol;
pub mod xdr;
pub mod xml;
