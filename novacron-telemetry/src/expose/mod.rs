//! Serving scrapes.
//!
//! [`Registry::render`](crate::Registry::render) gives the text as a `String`,
//! [`Registry::chunks`](crate::Registry::chunks) gives it piece by piece.

mod render;

pub use crate::encode::Format;
pub use render::Chunks;
