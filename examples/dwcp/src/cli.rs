//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use novacron_telemetry::catalog::dwcp::DwcpMode;

use crate::{
    report::Log,
    source::Plan,
    units::{self, Bandwidth},
};

/// A live migration that moves real memory between two processes, and what telemetry says about it.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start both sides here and migrate from one to the other.
    Demo(Demo),
    /// Take guests.
    Serve(Serve),
    /// Give a guest away.
    Migrate(Migrate),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Demo {
    /// Where the destination's metrics are.
    #[arg(long, value_name = "ADDRESS", default_value = DESTINATION_METRICS)]
    pub(crate) destination_metrics: SocketAddr,

    #[command(flatten)]
    pub(crate) guest: Guest,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Where guests come in; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9204")]
    pub(crate) listen: SocketAddr,

    /// Where the metrics are; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = DESTINATION_METRICS)]
    pub(crate) metrics: SocketAddr,

    /// What this node is called.
    #[arg(long, value_name = "NAME", default_value = "node-2")]
    pub(crate) node: String,

    /// Memory for guests.
    #[arg(long, value_name = "SIZE", default_value = "4GiB", value_parser = units::size)]
    pub(crate) capacity: u64,

    #[command(flatten)]
    pub(crate) house: House,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Migrate {
    /// Where the destination listens.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: SocketAddr,

    /// What this node is called.
    #[arg(long, value_name = "NAME", default_value = "node-1")]
    pub(crate) node: String,

    /// What the destination is called; the guest goes to no other.
    #[arg(long, value_name = "NAME", default_value = "node-2")]
    pub(crate) to_node: String,

    #[command(flatten)]
    pub(crate) guest: Guest,
}

/// What both ways to migrate have in common.
#[derive(Clone, Debug, Args)]
pub(crate) struct Guest {
    /// How much memory the guest has.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = units::memory)]
    pub(crate) memory: u64,

    /// How much of it the guest changes, in whole pages.
    #[arg(long, value_name = "RATE", default_value = "16MiB/s", value_parser = units::rate)]
    pub(crate) dirty_rate: u64,

    /// How hard to encode: hardly, hard, or hard once it has to be.
    #[arg(long, default_value = "hybrid", value_parser = units::mode())]
    pub(crate) mode: DwcpMode,

    /// Connections that carry pages.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) streams: u32,

    /// What may go over the link, or `unlimited`.
    #[arg(long, value_name = "RATE", default_value = "32MiB/s", value_parser = units::bandwidth)]
    pub(crate) bandwidth: Bandwidth,

    /// How long the guest may stand still.
    #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = units::duration)]
    pub(crate) max_downtime: Duration,

    /// Rounds of copying before giving up on that.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) max_rounds: u32,

    /// What to do after the last round: leave the guest here, or pause it for as long as it takes.
    #[arg(long, value_enum, default_value_t = Divergence::Fail)]
    pub(crate) on_divergence: Divergence,

    /// Equal seeds, equal memory and equal changes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Where the source's metrics are; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9202")]
    pub(crate) metrics: SocketAddr,

    /// End when the migration has ended, rather than stay for scrapes.
    #[arg(long)]
    pub(crate) exit: bool,

    #[command(flatten)]
    pub(crate) house: House,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Divergence {
    Fail,
    Force,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct House {
    /// Append the report, one line of JSON, to this file rather than print it.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,

    /// End when standard input does: whoever started this holds the other end.
    #[arg(long, hide = true)]
    pub(crate) attended: bool,
}

impl House {
    pub(crate) fn log(&self) -> Log {
        self.log.clone().map_or(Log::Stdout, Log::File)
    }
}

impl Migrate {
    pub(crate) fn plan(&self) -> Plan {
        let guest = &self.guest;
        Plan {
            node: self.node.clone(),
            to_node: self.to_node.clone(),
            to: self.to,
            memory: guest.memory,
            dirty_rate: guest.dirty_rate,
            mode: guest.mode,
            streams: guest.streams,
            bandwidth: guest.bandwidth.0,
            max_downtime: guest.max_downtime,
            max_rounds: guest.max_rounds,
            force: guest.on_divergence == Divergence::Force,
            seed: guest.seed,
        }
    }
}

const DESTINATION_METRICS: &str = "127.0.0.1:9203";
