//! Derives and attributes.
