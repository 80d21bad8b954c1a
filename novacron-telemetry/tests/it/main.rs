//! One binary for all integration tests: a file is a subject, a function is a sentence.

mod accounting;
mod aliases;
mod attributes;
mod attributes_work;
mod books;
mod catalog;
mod collect;
#[cfg(feature = "config")]
mod config;
mod escape;
#[cfg(all(feature = "facade", feature = "exporter-prometheus"))]
mod exporter;
mod exposition;
#[cfg(feature = "facade")]
mod facade;
#[cfg(all(feature = "health", feature = "http"))]
mod health;
mod hostile;
#[cfg(feature = "http")]
mod http;
mod identity;
mod judges;
#[cfg(feature = "http")]
mod layer_order;
mod load;
#[cfg(feature = "http")]
mod metrics_service;
mod migrations;
#[cfg(feature = "http")]
mod negotiate;
mod secrets;
#[cfg(all(feature = "health", feature = "http"))]
mod shutdown;
mod support;
mod tables;
mod thrift;
mod verbs;
#[cfg(feature = "http")]
mod waiting;
mod writers;
