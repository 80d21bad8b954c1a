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
//! | [`faults`] | switches that make the server slow, wrong or absent |
//! | [`metrics`] | what this server counts beside NovaCron's catalog |
//! | [`webhook`] | alerts received from Alertmanager |
//! | [`demo`] | traffic that the server sends to itself |

use std::{
    error::Error as _, future::Future, io, net::SocketAddr, path::PathBuf, sync::Arc,
    time::Duration,
};

use novacron_telemetry::Registry;
use tokio::{net::TcpListener, sync::watch, time::timeout};

use crate::{
    database::{Database, DatabaseError, DatabaseOptions},
    events::Events,
    faults::Faults,
    fleet::Fleet,
    metrics::FleetMetrics,
    store::Store,
    webhook::Alerts,
};

pub mod database;
pub mod demo;
pub mod error;
pub mod events;
pub mod faults;
pub mod fleet;
pub mod metrics;
pub mod routes;
pub mod store;
pub mod vm;
pub mod webhook;

/// What handlers share.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub store: Arc<Store>,
    /// The VMs in it.
    pub fleet: Fleet,
    /// Who listens to their changes.
    pub events: Arc<Events>,
    /// What is switched on to go wrong.
    pub faults: Arc<Faults>,
    /// What Alertmanager said.
    pub alerts: Alerts,
    /// The fleet's own numbers.
    pub metrics: FleetMetrics,
}

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
}

/// A server that owns its port and its database, and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
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
    /// Takes the port, opens the database, and registers what this server counts.
    ///
    /// # Errors
    /// When the port is taken, the database cannot be opened, or the registry knows one of the
    /// families as something else; the message says which.
    pub async fn bind(options: Options, registry: &Registry) -> io::Result<Self> {
        let metrics = registry
            .register::<FleetMetrics>()
            .map_err(io::Error::other)?;
        let listener = TcpListener::bind(options.listen).await.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot listen on {}: {error}", options.listen),
            )
        })?;
        let Options {
            ref database,
            connections,
            acquire_timeout,
            abandoned,
            ..
        } = options;
        let faults = Arc::new(Faults::default());
        let store = open(
            DatabaseOptions {
                file: database.clone(),
                connections,
                acquire_timeout,
            },
            Arc::clone(&faults),
        )
        .await
        .map_err(|error| {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            io::Error::other(format!("cannot open the database: {error}: {cause}"))
        })?;
        let (store, events) = (Arc::new(store), Arc::new(Events::new()));
        let fleet = Fleet::new(
            Arc::clone(&store),
            Arc::clone(&events),
            metrics.clone(),
            abandoned,
        );
        let app = Arc::new(App {
            store,
            fleet,
            events,
            faults,
            alerts: Alerts::default(),
            metrics,
        });
        // So that the first question about its health has an answer.
        app.fleet.look().await;
        Ok(Self {
            listener,
            app,
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
            options,
        } = self;
        let housekeeping = {
            let app = Arc::clone(&app);
            tokio::spawn(async move { app.fleet.housekeep(options.housekeeping).await })
        };
        let (stopping, mut told) = watch::channel(false);
        let signal = {
            let app = Arc::clone(&app);
            async move {
                stop.await;
                app.events.close();
                stopping.send_replace(true);
            }
        };
        let router = routes::router(Arc::clone(&app));
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
        }
    }
}

async fn open(options: DatabaseOptions, faults: Arc<Faults>) -> Result<Store, DatabaseError> {
    Store::open(Database::open(options, faults).await?).await
}
