//! Traces from the work to the collector, and back by its own decoder.

mod collector;
mod content;
mod faults;
mod guards;
mod host;
mod propagation;
mod receiver;
mod shutdown;
