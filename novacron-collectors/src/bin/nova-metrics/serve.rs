//! From start to end: what runs, and the signals it listens to.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use novacron_collectors::Root;
use novacron_telemetry::Telemetry;
use novacron_telemetry::expose::Listener;
use novacron_telemetry::logs::Logs;
use novacron_telemetry::registry::Groups;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::args::Options;
use super::complaint::Complaint;
use super::health::Components;
use super::notify::Notify;
use super::reload::Running;
use super::say;
use super::setup::Setup;

/// What it shows by itself; collectors bring the groups that they write.
const GROUPS: [Groups; 3] = [Groups::EXPORTER, Groups::HEALTH, Groups::PROCESS];
/// How long scrapes that are under way, and the log, have at the end.
const FAREWELL: Duration = Duration::from_secs(5);
/// How often it is asked which collectors fail.
const LOOK: Duration = Duration::from_secs(5);

/// Runs until it is told to end.
pub(crate) fn run(options: Options) -> Result<(), Complaint> {
    let setup = Setup::read(&options)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Complaint::refused(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        // Before anything is announced: whoever hears of it may send a signal at once.
        let signals = Signals::new().map_err(|error| deaf(&error))?;
        let notify = Notify::from_env();
        let logs = logs(&setup, &options)?;
        let telemetry = telemetry(&setup, Some(&logs))?;
        match start(options, setup, &telemetry, logs) {
            Ok(running) => {
                notify.ready("answering scrapes");
                attend(running, signals, &notify).await;
                Ok(())
            }
            Err(complaint) => {
                // What was logged comes before the complaint.
                let _ = telemetry.shutdown(FAREWELL).await;
                Err(complaint)
            }
        }
    })
}

/// Takes the port, starts the collectors, and says so.
fn start(
    options: Options,
    setup: Setup,
    telemetry: &Telemetry,
    logs: Logs,
) -> Result<Running, Complaint> {
    let address = setup.config.metrics.listen;
    let listener = telemetry.listen(setup.listener(address, &options)?)?;
    let root = Root::new(&options.root);
    let collectors = setup.settings.start(telemetry, &root)?;
    announce(&setup, &listener, &collectors);
    Ok(Running {
        telemetry: telemetry.clone(),
        options,
        setup,
        listener,
        logs,
        root,
    })
}

/// Says whether it would start, without the port, and leaves everything as it is.
pub(crate) fn check(options: &Options) -> Result<(), Complaint> {
    let setup = Setup::read(options)?;
    logs(&setup, options)?;
    let telemetry = telemetry(&setup, None)?;
    // Any port: the one that was meant may be in use by the exporter that is to be replaced.
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    telemetry.listen(setup.listener(any, options)?)?;
    let file = setup.file.as_deref();
    let file = file.map_or("no NovaFile".into(), |file| file.display().to_string());
    for oddity in &setup.oddities {
        say(&format!("{file}: {oddity}"));
    }
    say(&format!(
        "{file}: good; it would listen on {}",
        setup.config.metrics.listen
    ));
    Ok(())
}

/// Lines go to standard error unless the file says otherwise, and are text where somebody reads.
fn logs(setup: &Setup, options: &Options) -> Result<Logs, Complaint> {
    use std::io::IsTerminal as _;

    let mut config = setup.config.clone();
    let file = config.logs.file.clone();
    if file.is_none() && io::stderr().is_terminal() {
        let text = "text".parse().ok();
        config.logs.format = config.logs.format.or(text);
    }
    let mut logs = config.logs(env!("CARGO_BIN_NAME"))?;
    if let Some(level) = &options.log_level {
        logs = logs.filter(level);
    }
    let logs = match file {
        Some(_) => logs.build()?,
        None => logs.stderr().build()?,
    };
    Ok(logs)
}

/// With a log it is the whole program's; without one it is only looked at.
fn telemetry(setup: &Setup, logs: Option<&Logs>) -> Result<Telemetry, Complaint> {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;

    let groups = GROUPS
        .into_iter()
        .fold(Groups::NONE, |all, group| all | group);
    let builder = Telemetry::builder(env!("CARGO_BIN_NAME"), env!("CARGO_PKG_VERSION"))
        .git_sha(option_env!("NOVACRON_GIT_SHA").unwrap_or_default())
        .groups(groups)
        .config(&setup.config);
    let Some(logs) = logs else {
        return Ok(builder.build()?);
    };
    logs.log_panics(Duration::from_millis(200));
    tracing_subscriber::registry()
        .with(logs.layer())
        .try_init()
        .map_err(|error| Complaint::refused(error.to_string()))?;
    Ok(builder.logs(logs).install()?)
}

/// Says in the log where to look, and what it was told.
fn announce(setup: &Setup, listener: &Listener, collectors: &[&str]) {
    match &setup.file {
        Some(file) => tracing::info!(path = %file.display(), "settings were read"),
        None => tracing::info!("there is no NovaFile: the defaults hold"),
    }
    for oddity in &setup.oddities {
        tracing::warn!("{oddity}");
    }
    tracing::info!(collectors = collectors.join(","), "collectors run");
    let address = listener.local_addr();
    tracing::info!(%address, "listening; /metrics and /health are answered");
}

/// The signals that are listened to.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// Waits until it is told to end.
async fn end_of(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

fn deaf(error: &io::Error) -> Complaint {
    Complaint::refused(format!("cannot listen to signals: {error}"))
}

enum Next {
    End(&'static str),
    Reload,
    Look,
    Alive,
}

/// Answers signals and the supervisor until it is told to end, and ends.
async fn attend(mut running: Running, mut signals: Signals, notify: &Notify) {
    let mut components = Components::default();
    let mut look = every(LOOK);
    let mut watchdog = notify.watchdog().map(every);
    loop {
        let next = tokio::select! {
            signal = end_of(&mut signals.terminate, &mut signals.interrupt) => Next::End(signal),
            _ = signals.hangup.recv() => Next::Reload,
            _ = look.tick() => Next::Look,
            () = tick(watchdog.as_mut()) => Next::Alive,
        };
        match next {
            Next::End(signal) => {
                tracing::info!(signal, "ending; a second signal ends it at once");
                notify.stopping();
                end(&running.telemetry, &mut signals).await;
                return;
            }
            Next::Reload => {
                notify.reloading();
                running.reload();
                notify.ready("answering scrapes");
            }
            Next::Look => components.look(&running.telemetry),
            Next::Alive => notify.alive(),
        }
    }
}

/// Ends everything, or everything at once if it is told a second time.
async fn end(telemetry: &Telemetry, signals: &mut Signals) {
    tokio::select! {
        ended = telemetry.shutdown(FAREWELL) => {
            if let Err(late) = ended {
                tracing::warn!(%late, "not everything ended in time");
            }
        }
        _ = end_of(&mut signals.terminate, &mut signals.interrupt) => {}
    }
}

fn every(interval_: Duration) -> Interval {
    let mut ticks = interval(interval_);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The next tick, if there are any.
async fn tick(ticks: Option<&mut Interval>) {
    match ticks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}
