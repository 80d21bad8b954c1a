//! `cargo run --release -p api-server`: an API to look at, on 127.0.0.1:8080.

use std::{
    error::Error,
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use api_server::{Options, Server, Stopped, demo};
use clap::Parser;
use novacron_telemetry::{
    Telemetry,
    config::Config,
    registry::Groups,
    telemetry::{ended, on_hangup},
};
use tokio::runtime::Handle;
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// NovaCron's API in small: VMs in SQLite, with metrics, faults to switch on, and traffic to look
/// at.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// The SQLite file to keep VMs in; without it, they are gone when the server stops.
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,

    /// A NovaFile with settings; SIGHUP has it read again.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Send a modest, mixed load to this server, over HTTP, until it stops.
    #[arg(long)]
    demo: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(Stopped::Drained) => ExitCode::SUCCESS,
        Ok(Stopped::TimeUp) => {
            let _ = writeln!(
                io::stderr(),
                "api-server: stopped before every request had ended"
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "api-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<Stopped> {
    let Arguments {
        listen,
        database,
        config,
        demo,
    } = arguments;
    // Before anything is announced: whoever reads the addresses may send the signal at once.
    let asked_to_end = tokio::spawn(ended());
    let telemetry = telemetry(config.as_deref()).map_err(io::Error::other)?;
    if let Some(config) = config {
        let telemetry = telemetry.clone();
        // What came of it is counted, and a line of the log.
        tokio::spawn(on_hangup(move || _ = telemetry.reload(&config)));
    }
    telemetry.watch_runtime(&Handle::current());
    let options = Options {
        listen,
        database,
        ..Options::default()
    };
    let server = Server::bind(options, &telemetry).await?;
    let address = server.local_addr()?;
    announce(address, demo);
    let traffic = demo.then(|| tokio::spawn(demo::run(address)));
    let stopped = server
        .run(async move {
            if let Ok(Err(deaf)) = asked_to_end.await {
                let _ = writeln!(io::stderr(), "api-server: {deaf}");
            }
            if let Some(traffic) = traffic {
                traffic.abort();
            }
        })
        .await;
    if let Err(late) = telemetry.shutdown(Duration::from_secs(5)).await {
        let _ = writeln!(io::stderr(), "{late}");
    }
    // Nobody may be left to read this, and that is no reason to fail.
    let _ = writeln!(io::stdout(), "stopped");
    stopped
}

/// Metrics always; lines on standard error as `LOG_LEVEL` and `LOG_FORMAT` say; traces if
/// `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector. Where the environment says nothing, the file may.
fn telemetry(config: Option<&Path>) -> Result<Telemetry, Box<dyn Error + Send + Sync>> {
    let name = env!("CARGO_PKG_NAME");
    let mut config = config.map_or_else(|| Ok(Config::default()), Config::load)?;
    // One line a request is for those who ask: LOG_LEVEL=info.
    let level = &mut config.logs.level;
    level.get_or_insert_with(|| "info,novacron::access=off".into());
    let logs = config.logs(name)?;
    let logs = match config.logs.file {
        Some(_) => logs.build()?,
        None => logs.stderr().build()?,
    };
    let telemetry = Telemetry::builder(name, env!("CARGO_PKG_VERSION"))
        .groups(Groups::CORE | Groups::SCHEDULER | Groups::ALERTS)
        .config(&config)
        .logs(&logs)
        .traces(config.traces()?)
        .install()?;
    tracing_subscriber::registry()
        .with(logs.layer())
        .with(telemetry.trace_layer())
        .try_init()?;
    Ok(telemetry)
}

/// Says where to look, all of it clickable.
fn announce(address: SocketAddr, demo: bool) {
    let traffic = if demo {
        "sending itself a mixed load; "
    } else {
        ""
    };
    let text = format!(
        "\
api-server: {traffic}Ctrl-C stops it

  metrics  http://{address}/metrics
  VMs      http://{address}/api/v1/vms
  export   http://{address}/api/v1/vms/export
  events   http://{address}/api/v1/events
  health   http://{address}/health, /livez, /readyz
  faults   http://{address}/faults

  curl -X PUT -d '{{\"delay_ms\": 300}}' http://{address}/faults
"
    );
    let _ = io::stdout().write_all(text.as_bytes());
    let _ = io::stdout().flush();
}
