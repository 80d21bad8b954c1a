//! Log lines: what they look like, where they go, and that whoever logs is never hurt.

mod access;
mod filter;
mod flood;
mod layouts;
mod lines;
mod outputs;
mod secrets;
mod setup;
mod support;
