//! `dwcp demo`: both sides as processes of their own, on loopback.

use std::{
    ffi::OsString,
    io,
    net::SocketAddr,
    process::{ExitCode, ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    cli,
    process::{Stop, Wish, say},
};

/// Starts a destination and a source, and relays what they print.
pub(crate) async fn run(arguments: cli::Demo) -> io::Result<ExitCode> {
    let mut stop = Stop::listen(arguments.guest.house.attended)?;
    let mut serve: Vec<OsString> = vec!["serve".into(), "--listen=127.0.0.1:0".into()];
    serve.push(format!("--metrics={}", arguments.destination_metrics).into());
    serve.extend(log(&arguments.guest));
    let mut destination = Side::start(&serve)?;
    let address = destination.address().await?;
    let destination = destination.relay();

    let mut source = Side::start(&migrate(address, &arguments.guest))?.relay();
    let ended = loop {
        tokio::select! {
            ended = source.child.wait() => break ended?,
            wish = stop.wish() => match wish {
                // The source knows what it means: first that the migration is off.
                Wish::Interrupt => source.signal(Signal::SIGINT),
                Wish::End => break source.end().await?,
            },
        }
    };
    source.relayed().await;
    let mut destination = destination;
    destination.end().await?;
    destination.relayed().await;
    let code = ended.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn migrate(to: SocketAddr, guest: &cli::Guest) -> Vec<OsString> {
    let bandwidth = guest.bandwidth.0;
    let bandwidth = bandwidth.map_or_else(|| "unlimited".to_owned(), |rate| rate.to_string());
    let force = guest.on_divergence == cli::Divergence::Force;
    let flags = [
        format!("--to={to}"),
        format!("--metrics={}", guest.metrics),
        format!("--memory={}", guest.memory),
        format!("--dirty-rate={}", guest.dirty_rate),
        format!("--mode={}", guest.mode.as_str()),
        format!("--streams={}", guest.streams),
        format!("--bandwidth={bandwidth}"),
        format!("--max-downtime={}ns", guest.max_downtime.as_nanos()),
        format!("--max-rounds={}", guest.max_rounds),
        format!("--on-divergence={}", if force { "force" } else { "fail" }),
        format!("--seed={}", guest.seed),
    ];
    let mut arguments: Vec<OsString> = vec!["migrate".into()];
    arguments.extend(flags.map(OsString::from));
    arguments.extend(guest.exit.then(|| "--exit".into()));
    arguments.extend(log(guest));
    arguments
}

fn log(guest: &cli::Guest) -> Vec<OsString> {
    let log = guest.house.log.as_ref();
    log.map_or_else(Vec::new, |file| vec!["--log".into(), file.into()])
}

/// A process of ours that was just started.
struct Side {
    child: Child,
    /// It ends when this is closed, however this process ends.
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A process of ours whose lines are passed on.
struct Relayed {
    child: Child,
    input: Option<ChildStdin>,
    relay: JoinHandle<()>,
}

impl Side {
    fn start(arguments: &[OsString]) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .arg("--attended")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C in a terminal reaches every process of the group: the sides get it from us.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let missing = || io::Error::other("a side has no input or output");
        let input = child.stdin.take().ok_or_else(missing)?;
        let lines = BufReader::new(child.stdout.take().ok_or_else(missing)?).lines();
        Ok(Self {
            child,
            input,
            lines,
        })
    }

    /// Passes lines on until the one that says where the streams go.
    async fn address(&mut self) -> io::Result<SocketAddr> {
        let found = async {
            while let Some(line) = self.lines.next_line().await? {
                say(io::stdout(), &line);
                if let Some(address) = line.trim_start().strip_prefix("streams") {
                    return address.trim().parse().map_err(io::Error::other);
                }
            }
            Err(io::Error::other("the destination ended before it listened"))
        };
        timeout(STARTING, found).await?
    }

    fn relay(self) -> Relayed {
        let mut lines = self.lines;
        let relay = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                say(io::stdout(), line);
            }
        });
        Relayed {
            child: self.child,
            input: Some(self.input),
            relay,
        }
    }
}

impl Relayed {
    fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id {
            // It may have ended just now.
            let _ = kill(Pid::from_raw(id), signal);
        }
    }

    /// Tells it to end, and sees to it that it does.
    async fn end(&mut self) -> io::Result<ExitStatus> {
        drop(self.input.take());
        if let Ok(ended) = timeout(ENDING, self.child.wait()).await {
            return ended;
        }
        self.child.kill().await?;
        self.child.wait().await
    }

    /// Its last lines are out.
    async fn relayed(self) {
        let _ = timeout(ENDING, self.relay).await;
    }
}

const STARTING: Duration = Duration::from_secs(10);
const ENDING: Duration = Duration::from_secs(10);
