//! `nova-metrics`: a host, its guests, containers and devices, for Prometheus.
//!
//! ```console
//! $ cargo run --release -p novacron-collectors --features exporter --bin nova-metrics
//! $ curl -s 127.0.0.1:9640/metrics
//! ```
//!
//! `docs/collectors.md` says what it reads, and `ops/NovaFile` what can be set.

mod args;
mod complaint;
mod health;
mod notify;
mod reload;
mod rotate;
mod serve;
mod setup;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command};

fn main() -> ExitCode {
    // A panic becomes a line of the log, once there is one. A trace on somebody's terminal helps
    // nobody who has to keep this running.
    std::panic::set_hook(Box::new(|_| ()));
    let arguments = Arguments::parse();
    let ended = match &arguments.command {
        Some(Command::RotateToken(rotate)) => rotate::run(rotate),
        None if arguments.options.check => serve::check(&arguments.options),
        None => serve::run(arguments.options),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            // Whoever cannot be told will see the exit code.
            let _ = write!(io::stderr(), "{complaint}");
            complaint.code()
        }
    }
}

/// Says something to whoever ran this program for its answer. Nobody may be left to read it, and
/// that is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
