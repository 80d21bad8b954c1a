//! One binary for all integration tests: a file is a subject, a function is a sentence.

mod aliases;
mod catalog;
mod escape;
mod exposition;
mod judges;
mod support;
