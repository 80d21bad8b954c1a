//! NovaCron's API in small: VMs in a real SQLite, behind axum.
//!
//! The binary runs a [`Server`]; tests run several in one process, each with its own database.
//!
//! | room | what happens there |
//! |---|---|
//! | [`routes`] | every route and the plain handlers |
//! | [`fleet`] | operations on VMs, housekeeping |
//! | [`store`] | the table `vms`: each statement once |
//! | [`database`] | SQLite, and the one function every statement goes through |
//! | [`events`] | changes as server-sent events |
//! | [`export`] | all VMs as a stream |
//! | [`faults`] | switches that make the server slow, wrong or absent |
//! | [`health`] | whether it can do its work |
//! | [`metrics`] | what this server counts beside NovaCron's catalog |
//! | [`webhook`] | alerts received from Alertmanager |
//! | [`demo`] | traffic that the server sends to itself |

use std::{future::Future, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::Router;
use novacron_telemetry::{Telemetry, expose::BearerAuth};
use tokio::{net::TcpListener, sync::watch, time::timeout};

pub use crate::app::App;

mod app;
pub mod database;
pub mod demo;
pub mod error;
pub mod events;
pub mod export;
pub mod faults;
pub mod fleet;
pub mod health;
pub mod metrics;
pub mod routes;
pub mod store;
pub mod vm;
pub mod webhook;

/// How a server is set up. `Options::default()` is what the binary runs without flags.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The database file; `None` for one that lives as long as the server.
    pub database: Option<PathBuf>,
    /// The most database connections open at once.
    pub connections: u32,
    /// How long a statement waits for a connection.
    pub acquire_timeout: Duration,
    /// How often housekeeping counts the VMs when nothing changes.
    pub housekeeping: Duration,
    /// How long a VM may be on its way to a state before housekeeping takes it there.
    pub abandoned: Duration,
    /// How long requests in progress may take to end once the server is told to stop.
    pub drain: Duration,
    /// Who may scrape; `None` for everybody.
    pub auth: Option<BearerAuth>,
}

/// A server that owns its port and its database, and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
    router: Router,
    options: Options,
}

/// How a server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Every request in progress ended first.
    Drained,
    /// Some had not ended when time was up.
    TimeUp,
}

impl Server {
    /// Takes the port and opens the database; what happens is counted by `telemetry`.
    ///
    /// # Errors
    /// When the port is taken, the database cannot be opened, or `telemetry` knows one of our own
    /// families as something else; the message says which.
    pub async fn bind(options: Options, telemetry: &Telemetry) -> io::Result<Self> {
        let listen = options.listen;
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}"))
        })?;
        let app = App::open(&options, telemetry).await?;
        let router = routes::router(&app, options.auth.as_ref()).map_err(io::Error::other)?;
        Ok(Self {
            listener,
            app,
            router,
            options,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until `stop` is ready, then lets those in progress end and closes the
    /// database.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<Stopped> {
        let Self {
            listener,
            app,
            router,
            options,
        } = self;
        let housekeeping = {
            let app = Arc::clone(&app);
            tokio::spawn(
                async move { app.fleet.housekeep(options.housekeeping, &app.health).await },
            )
        };
        let (stopping, mut told) = watch::channel(false);
        let signal = {
            let app = Arc::clone(&app);
            async move {
                stop.await;
                // Before the port is closed, so that a load balancer sees it coming.
                app.telemetry.health().drain();
                app.events.close();
                stopping.send_replace(true);
            }
        };
        let serving = axum::serve(listener, router)
            .with_graceful_shutdown(signal)
            .into_future();
        let time_up = async {
            // The sender outlives this: it is owned by the signal, which `serving` polls.
            let _ = told.wait_for(|told| *told).await;
            tokio::time::sleep(options.drain).await;
        };
        let stopped = tokio::select! {
            served = serving => served.map(|()| Stopped::Drained)?,
            () = time_up => Stopped::TimeUp,
        };
        housekeeping.abort();
        let closed = timeout(options.drain, app.store.database().close()).await;
        Ok(if closed.is_ok() {
            stopped
        } else {
            Stopped::TimeUp
        })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database: None,
            connections: 5,
            acquire_timeout: Duration::from_secs(1),
            housekeeping: Duration::from_secs(5),
            abandoned: Duration::from_secs(10),
            drain: Duration::from_secs(5),
            auth: None,
        }
    }
}
