//! A user's own `Result`, `Option`, `Some`, `Ok`, `String` … change nothing.
#![allow(dead_code, non_camel_case_types, unused_macros)]

pub struct Result;
pub struct Option;
pub struct Some;
pub struct None;
pub struct Ok;
pub struct Err;
pub struct String;
pub struct Vec;
pub struct Box;
pub trait From {}
pub trait Into {}
pub trait Clone {}
pub trait Copy {}
pub trait AsRef {}
pub trait Fn {}
pub trait FnOnce {}
pub trait Future {}
pub mod core {}
pub mod std {}
pub mod novacron_telemetry {}
macro_rules! assert {
    ($($any:tt)*) => {
        compile_error!("not this one")
    };
}
macro_rules! matches {
    ($($any:tt)*) => {
        compile_error!("not this one")
    };
}

use ::novacron_telemetry::label::{LabelSet, LabelValue};
use ::novacron_telemetry::metric::{Counter, Family, Gauge, Histogram, buckets};
use ::novacron_telemetry::registry::MetricGroup;
use ::novacron_telemetry::{instrument_api, instrument_migration, instrument_query, instrument_vm};

#[derive(::core::clone::Clone, ::core::marker::Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
enum Plan {
    Free,
    #[label(other)]
    Other,
}

#[derive(::core::clone::Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 5)]
struct Region(::std::string::String);

#[derive(::core::clone::Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Labels {
    plan: Plan,
    region: Region,
}

#[derive(::core::clone::Clone, MetricGroup)]
#[metrics(prefix = "acme")]
struct Metrics {
    /// Requests.
    requests_total: Family<Labels, Counter>,
    /// Waits.
    #[metric(unit = Seconds, buckets = buckets::HTTP, exemplars)]
    wait_seconds: Histogram,
    /// Level.
    level: Gauge,
}

#[instrument_api(method = "GET")]
async fn get() -> ::core::result::Result<u8, ()> {
    ::core::result::Result::Ok(1)
}

#[instrument_api(outcome = |n: &u8| *n == 1)]
fn now() -> u8 {
    1
}

#[instrument_migration(source = "a", destination = "b")]
async fn migrate() -> ::core::result::Result<u8, ()> {
    ::core::result::Result::Ok(1)
}

#[instrument_query(operation = "SELECT", table = "vms", rows_returned = |n| *n, error = |_| ::novacron_telemetry::record::Failure::INTERNAL)]
async fn query() -> ::core::result::Result<u64, ()> {
    ::core::result::Result::Ok(1)
}

#[instrument_vm(operation = "start", provider_type = "mock", provider = "a")]
fn start() {}

fn main() {
    now();
    start();
    let _query = query();
    let _futures = (get(), migrate());
}
