//! `cargo run --release -p api-server`: an API to look at, on 127.0.0.1:8080.

use std::{
    error::Error,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use api_server::{Options, Server, Stopped, demo};
use clap::Parser;
use novacron_telemetry::{
    Result, Telemetry,
    config::Config,
    expose::{BearerAuth, ListenerOptions, TlsFiles},
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

    /// Answer scrapes and probes on a port of their own, too. Default: 127.0.0.1:9640 with a flag
    /// below; otherwise none, or where the NovaFile says.
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,

    /// The certificate of that port, as PEM: it speaks TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The key of that certificate.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// The authorities whose clients that port lets in; it lets in no others.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    client_ca: Option<PathBuf>,

    /// The file with the token that scrapes need, on every port.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

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
    // Before anything is announced: whoever reads the addresses may send the signal at once.
    let asked_to_end = tokio::spawn(ended());
    let config = arguments.config.as_deref();
    let settings = config.map_or_else(|| Ok(Config::default()), Config::load);
    let settings = settings.map_err(io::Error::other)?;
    let telemetry = telemetry(settings.clone()).map_err(io::Error::other)?;
    let auth = auth(&arguments, &settings).map_err(io::Error::other)?;
    let port = port(&arguments, &settings, auth.as_ref()).map_err(io::Error::other)?;
    let encrypted = arguments.tls_cert.is_some() || settings.metrics.tls.is_some();
    let port = port.map(|options| telemetry.listen(options)).transpose();
    let port = port.map_err(io::Error::other)?;
    let Arguments {
        listen,
        database,
        config,
        demo,
        ..
    } = arguments;
    {
        let (telemetry, port) = (telemetry.clone(), port.clone());
        // What came of it is counted, and a line of the log.
        tokio::spawn(on_hangup(move || match (&config, &port) {
            (Some(config), _) => _ = telemetry.reload(config),
            (None, Some(port)) => match port.reload() {
                Ok(()) => tracing::info!("token and certificates were read again"),
                Err(error) => tracing::error!(%error, "the old token and certificates hold"),
            },
            (None, None) => {}
        }));
    }
    telemetry.watch_runtime(&Handle::current());
    let options = Options {
        listen,
        database,
        auth,
        ..Options::default()
    };
    let server = Server::bind(options, &telemetry).await?;
    let address = server.local_addr()?;
    announce(address, demo);
    if let Some(port) = port {
        let scheme = if encrypted { "https" } else { "http" };
        let port = port.local_addr();
        let _ = writeln!(
            io::stdout(),
            "  beside   {scheme}://{port}/metrics, /health, /livez, /readyz\n"
        );
    }
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
fn telemetry(mut config: Config) -> Result<Telemetry, Box<dyn Error + Send + Sync>> {
    let name = env!("CARGO_PKG_NAME");
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

/// Who may scrape, if not everybody.
fn auth(arguments: &Arguments, config: &Config) -> Result<Option<BearerAuth>> {
    match (&arguments.token_file, &config.metrics.auth) {
        (Some(file), _) => BearerAuth::from_file(file).map(Some),
        (None, Some(auth)) => auth.bearer().map(Some),
        (None, None) => Ok(None),
    }
}

/// The port beside the API, if there is to be one.
fn port(
    arguments: &Arguments,
    config: &Config,
    auth: Option<&BearerAuth>,
) -> Result<Option<ListenerOptions>> {
    let Arguments {
        metrics_listen,
        tls_cert,
        tls_key,
        client_ca,
        token_file,
        ..
    } = arguments;
    let asked = metrics_listen.is_some() || tls_cert.is_some() || token_file.is_some();
    let options = match asked {
        false => config.listener()?,
        true => {
            let said = config.metrics.listens.then_some(config.metrics.listen);
            let usual = SocketAddr::from(([127, 0, 0, 1], 9640));
            Some(config.listener_at(metrics_listen.or(said).unwrap_or(usual))?)
        }
    };
    let Some(mut options) = options else {
        return Ok(None);
    };
    if let Some(auth) = auth {
        options = options.auth(auth.clone());
    }
    if let (Some(cert), Some(key)) = (tls_cert, tls_key) {
        let mut files = TlsFiles::new(cert, key);
        if let Some(authorities) = client_ca {
            files = files.client_ca(authorities);
        }
        options = options.tls(files);
    }
    Ok(Some(options))
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
