//! What both sides are as processes: metrics on a port of their own, and an end when they are told.

use std::{
    io::{self, Read as _},
    net::SocketAddr,
    thread,
    time::Duration,
};

use novacron_telemetry::{Telemetry, registry::Groups, traces::Traces};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::JoinHandle,
};

/// Telemetry, and somebody who answers scrapes.
#[derive(Debug)]
pub(crate) struct Metrics {
    telemetry: Telemetry,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Metrics {
    /// Installs telemetry for this process, with `more` groups than usual, and serves it at
    /// `address`.
    ///
    /// # Errors
    /// When the port is taken.
    pub(crate) async fn open(
        component: &str,
        more: Groups,
        address: SocketAddr,
    ) -> io::Result<Self> {
        let telemetry = Telemetry::builder("dwcp", env!("CARGO_PKG_VERSION"))
            .component(component)
            .groups(Groups::CORE | more)
            // Where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.
            .traces(Traces::from_env().map_err(io::Error::other)?)
            .install()
            .map_err(io::Error::other)?;
        let listener = listen(address).await?;
        let address = listener.local_addr()?;
        let router = telemetry.router();
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            telemetry,
            address,
            serving,
        })
    }

    /// What is served.
    pub(crate) fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Where they are.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// No more scrapes.
    pub(crate) async fn close(self) {
        self.serving.abort();
        if let Err(late) = self.telemetry.shutdown(Duration::from_secs(2)).await {
            say(io::stderr(), format_args!("dwcp: {late}"));
        }
    }
}

/// Takes a port, or says which one could not be had.
pub(crate) async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}

/// Ctrl-C and its relatives.
#[derive(Debug)]
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    alone: Option<mpsc::Receiver<()>>,
}

/// Who wants this process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A person: what is going on should be called off.
    Interrupt,
    /// The system, or whoever started us is gone: everything should end.
    End,
}

impl Stop {
    /// Listens from now on. With `attended`, the end of standard input counts, too.
    pub(crate) fn listen(attended: bool) -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            alone: attended.then(end_of_input),
        })
    }

    /// The next wish.
    pub(crate) async fn wish(&mut self) -> Wish {
        let alone = async {
            match &mut self.alone {
                Some(alone) => drop(alone.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Wish::Interrupt,
            _ = self.terminate.recv() => Wish::End,
            () = alone => Wish::End,
        }
    }
}

/// Closed once standard input has ended.
fn end_of_input() -> mpsc::Receiver<()> {
    let (held, ended) = mpsc::channel(1);
    // A thread of its own: tokio's would keep the process from ending while it reads.
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().by_ref(), &mut io::sink());
        drop(held);
    });
    ended
}

/// Prints a line, for whoever still reads.
pub(crate) fn say(mut to: impl io::Write, line: impl std::fmt::Display) {
    let _ = writeln!(to, "{line}");
    let _ = to.flush();
}
