//! What can be said on the command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, Parser, Subcommand};
use novacron_collectors::duration;
use novacron_collectors::settings::NAMES;
use novacron_telemetry::registry::Profile;

/// The port of `nova-metrics`, where an address is given without one.
const PORT: u16 = 9640;

/// Shows a host, its virtual machines, containers and devices to Prometheus.
///
/// It runs without any arguments, and without a file. What is said here overrules the NovaFile.
/// SIGHUP has it read its files again; SIGTERM and SIGINT end it after the scrapes that are under
/// way.
#[derive(Debug, Parser)]
#[command(
    name = "nova-metrics",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Without --config it reads ./NovaFile or /etc/nova/NovaFile, if there is one."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Puts a new token in the place of the old one; a running nova-metrics takes it by itself.
    RotateToken(Rotate),
}

/// What one run of the exporter is told.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Options {
    /// The NovaFile.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Where to listen: an address, with a port or for port 9640. Default: 0.0.0.0:9640.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,

    /// Where the host's / is: /host in a container that has it mounted there.
    #[arg(long, value_name = "FOLDER", default_value = "/")]
    pub(crate) root: PathBuf,

    /// Shows the same numbers once more under the names of another system: nova-rc5, mle, virtrigaud,
    /// libvirt-volume-provisioner. May be given several times.
    #[arg(long, value_name = "NAME", value_parser = profile)]
    pub(crate) profile: Vec<Profile>,

    /// Runs these collectors only.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = collector)]
    pub(crate) collectors: Vec<&'static str>,

    #[command(flatten)]
    pub(crate) without: Without,

    /// The certificate to show, followed by those that lead to an authority. Needs --tls-key.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The key of the certificate.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Lets in only clients with a certificate from an authority in this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) client_ca: Option<PathBuf>,

    /// Answers scrapes only to those who have the token in this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// How long the old token is accepted after a new one was seen. Default: 5m.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) token_grace: Option<Duration>,

    /// Which events are lines of the log, on standard error: `info`, `warn,novacron=debug`, …
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,

    /// Says whether this would start, and does not.
    #[arg(long)]
    pub(crate) check: bool,
}

/// The arguments of `rotate-token`.
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The NovaFile that says where the token is.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The file to write. Default: what the NovaFile says.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Prints the new token and writes no file: for a secret manager that will write it.
    #[arg(long, conflicts_with = "token_file")]
    pub(crate) stdout: bool,
}

/// One switch for each collector: `--no-cpu` and so on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Without(pub(crate) Vec<&'static str>);

fn switch(name: &str) -> String {
    format!("no-{}", name.replace('_', "-"))
}

impl Args for Without {
    fn augment_args(command: clap::Command) -> clap::Command {
        let switches = NAMES.iter().map(|name| {
            let help = format!("Does not run the collector {name}.");
            let switch = Arg::new(switch(name)).long(switch(name));
            switch
                .action(ArgAction::SetTrue)
                .help(help)
                .help_heading("Collectors")
        });
        command.args(switches)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Without {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut without = Self::default();
        without.update_from_arg_matches(matches)?;
        Ok(without)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let given = |name: &&&str| matches.get_flag(&switch(name));
        self.0 = NAMES.iter().filter(given).copied().collect();
        Ok(())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    text.parse()
        .or_else(|_| with_port())
        .map_err(|_| "it is an IP address such as 0.0.0.0, 127.0.0.1:9640 or [::]:9640".to_owned())
}

fn profile(name: &str) -> Result<Profile, String> {
    Profile::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Profile::ALL.iter().map(|profile| profile.name()).collect();
        format!("known are {}", known.join(", "))
    })
}

fn collector(name: &str) -> Result<&'static str, String> {
    let known = NAMES.iter().copied().find(|known| *known == name);
    known.ok_or_else(|| format!("known are {}", NAMES.join(", ")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_address_may_do_without_its_port() {
        for (text, address) in [
            ("0.0.0.0", "0.0.0.0:9640"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("::1", "[::1]:9640"),
            ("[::]", "[::]:9640"),
            ("[::]:7", "[::]:7"),
        ] {
            assert_eq!(super::address(text).unwrap().to_string(), address);
        }
        for text in ["", "localhost:99999", "1.2.3", "0.0.0.0:", ":9640"] {
            assert!(super::address(text).is_err(), "{text}");
        }
    }
}
