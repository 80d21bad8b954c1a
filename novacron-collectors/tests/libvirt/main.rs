//! The collectors of libvirt against recorded answers of a real daemon, and against a made-up one that
//! hangs, lies and stammers.

mod answers;
mod calls;
mod families;
mod goldens;
mod guests;
mod jobs;
mod scale;
mod server;
#[path = "../it/support.rs"]
mod support;
