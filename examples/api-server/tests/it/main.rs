//! The server, asked over real HTTP on a port of its own, each test with its own database.

mod api;
mod control;
mod faults;
mod metrics;
mod streams;
mod support;
mod vms;
