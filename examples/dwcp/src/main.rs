//! `cargo run --release -p dwcp -- demo`: a guest moves from one process to another, with its
//! memory, while it runs.
//!
//! | room | what happens there |
//! |---|---|
//! | `cli`, `units` | flags |
//! | `demo` | both sides at once, as processes of their own |
//! | `serve`, `migrate` | one side |
//! | `process` | what both sides are: metrics on a port, an end when they are told |
//! | `source` | the side that a guest leaves |
//! | `destination` | the side that it comes to |
//! | `memory`, `guest` | pages, and the thread that keeps changing them |
//! | `encode`, `limit` | what happens to a page on its way |
//! | `progress`, `report` | what people see, and one line of JSON about it |
//! | `wire` | the protocol |

use std::{io, process::ExitCode};

use clap::Parser as _;

use crate::{cli::Command, process::say};

mod cli;
mod demo;
mod destination;
mod encode;
mod guest;
mod limit;
mod memory;
mod migrate;
mod process;
mod progress;
mod report;
mod serve;
mod source;
mod units;

/// The protocol, from `proto/dwcp.proto`.
mod wire {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::allow_attributes_without_reason,
        reason = "generated; its documentation is the proto file"
    )]
    tonic::include_proto!("dwcp.v1");
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match cli::Arguments::parse().command {
        Command::Demo(arguments) => demo::run(arguments).await,
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Migrate(arguments) => migrate::run(arguments).await,
    };
    result.unwrap_or_else(|error| {
        say(io::stderr(), format_args!("dwcp: {error}"));
        ExitCode::FAILURE
    })
}
