//! Whether the service can do its work: checks in the background, and what probes are told.
//!
//! A check is a closure that asks a component how it is. Checks run on a thread of their own, each at
//! its own interval and with its own deadline; a probe is answered from what they found last, so it
//! costs the same whether the database answers or hangs. The same results are shown as
//! `novacron_health_check_status`, `novacron_health_status`, `novacron_ready` and
//! `novacron_service_availability`.
//!
//! | path | asks | answers |
//! |---|---|---|
//! | `/livez` | is the process alive? | 200 as long as it answers; no check is looked at |
//! | `/readyz` | may it be given work? | 200, or 503 before the first results, while unhealthy, and while it drains |
//! | `/health`, `/healthz` | how is it? | 200 while healthy or degraded, 503 while unhealthy |
//!
//! ```
//! use std::time::Duration;
//! use novacron_telemetry::Registry;
//! use novacron_telemetry::catalog::Catalog;
//! use novacron_telemetry::health::{Check, Health, Verdict};
//! use novacron_telemetry::record::{Recorder, Settings};
//! use novacron_telemetry::registry::Groups;
//!
//! # async fn ping() -> Result<(), std::io::Error> { Ok(()) }
//! # fn free_space() -> f64 { 0.4 }
//! let catalog = Catalog::register(&Registry::new(), Groups::CORE)?;
//! let recorder = Recorder::new(catalog, Settings::default());
//! let health = Health::new("api-server", env!("CARGO_PKG_VERSION"), recorder);
//! health.register(Check::new("database", || ping()).every(Duration::from_secs(10)))?;
//! health.register(Check::blocking("disk", || match free_space() {
//!     0.2.. => Verdict::Healthy,
//!     0.05.. => Verdict::degraded("little space is left"),
//!     _ => Verdict::unhealthy("no space is left"),
//! }))?;
//! # health.stop(Duration::from_secs(1));
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

#[cfg(feature = "http")]
mod body;
mod check;
mod report;
mod run;
#[cfg(feature = "http")]
mod service;

#[cfg(feature = "http")]
pub use body::HealthBody;
pub use check::{Check, IntoVerdict, Verdict};
pub use report::{ComponentReport, HealthStatus, Report};
#[cfg(feature = "http")]
pub use service::HealthService;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::record::Recorder;
use crate::sync::Mutex;
use check::{Found, Watched};
use run::Worker;

/// The health of one service. Cheap to clone; the thread that checks stops when the last clone is
/// gone.
#[derive(Clone, Debug)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: Box<str>,
    version: Box<str>,
    recorder: Recorder,
    checks: Mutex<Vec<Arc<Watched>>>,
    draining: AtomicBool,
    worker: Mutex<Option<Worker>>,
    /// So that two changes at once are shown one after the other.
    showing: Mutex<()>,
}

impl Health {
    /// The health of the service of this name and version, shown through `recorder`. No thread is
    /// started before the first check is registered.
    #[must_use]
    pub fn new(service: &str, version: &str, recorder: Recorder) -> Self {
        Self(Arc::new(Inner {
            service: service.into(),
            version: version.into(),
            recorder,
            checks: Mutex::default(),
            draining: AtomicBool::new(false),
            worker: Mutex::default(),
            showing: Mutex::default(),
        }))
    }

    /// Registers a check, which runs for the first time at once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if there is a check of this name, if its interval or its
    /// deadline is zero, or if the thread that runs checks cannot be started.
    pub fn register(&self, check: Check) -> Result<()> {
        let watched = self.add(check)?;
        let mut worker = self.0.worker.lock();
        if worker.is_none() {
            *worker = Some(Worker::start()?);
        }
        if let Some(worker) = &*worker {
            worker.watch(Arc::downgrade(&self.0), watched);
        }
        drop(worker);
        self.show();
        Ok(())
    }

    /// Registers a component that needs no asking, because the host knows how it is and says so:
    /// what a watch, a heartbeat or a state machine tells. Until then nothing is known of it.
    ///
    /// ```
    /// use novacron_telemetry::health::{Health, Verdict};
    /// use novacron_telemetry::record::Recorder;
    ///
    /// let health = Health::new("vm-manager", "1.0.0", Recorder::noop());
    /// let libvirt = health.component("libvirt")?;
    /// assert!(!health.report().ready);
    /// libvirt.set(Verdict::Healthy);
    /// assert!(health.report().ready);
    /// libvirt.set(Err::<(), _>("connection lost"));
    /// # assert!(!health.report().ready);
    /// # Ok::<(), novacron_telemetry::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if there is a component of this name.
    pub fn component(&self, name: impl Into<String>) -> Result<Component> {
        let watched = self.add(Check::told(name))?;
        self.show();
        Ok(Component {
            health: Arc::downgrade(&self.0),
            watched,
        })
    }

    fn add(&self, check: Check) -> Result<Arc<Watched>> {
        check.validate()?;
        let watched = Arc::new(Watched::new(check));
        let mut checks = self.0.checks.lock();
        if checks.iter().any(|known| known.name() == watched.name()) {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "health check `{}` is registered already",
                    watched.name().escape_debug()
                ),
            ));
        }
        checks.push(Arc::clone(&watched));
        drop(checks);
        Ok(watched)
    }

    /// How everything is, by the last result of each check.
    #[must_use]
    pub fn report(&self) -> Report {
        self.0.report()
    }

    /// Asks to be given no more work: from now on `/readyz` answers 503, so that a load balancer
    /// turns away before the service stops listening. Everything else goes on.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
        self.show();
    }

    /// Brings the metrics to where the results are. They follow each result by themselves; a result
    /// that grows too old says nothing, so this is done before each scrape too.
    pub fn show(&self) {
        self.0.show();
    }

    /// Ends the thread that checks, and waits for it no longer than this. Says whether it ended: a
    /// check that blocks cannot be interrupted.
    pub fn stop(&self, deadline: Duration) -> bool {
        let worker = self.0.worker.lock().take();
        worker.is_none_or(|worker| worker.stop(deadline))
    }

    /// The service that answers probes, to be mounted under the paths of the [module](self).
    #[cfg(feature = "http")]
    #[must_use]
    pub fn service(&self) -> HealthService {
        HealthService::new(self.clone())
    }

    /// A router with `/health`, `/healthz`, `/livez` and `/readyz`, to be merged into the host's.
    #[cfg(feature = "axum")]
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> axum::Router<S> {
        service::PATHS
            .iter()
            .fold(axum::Router::new(), |router, path| {
                router.route_service(path, self.service())
            })
    }

    /// Does what [`show`](Self::show) does, and keeps nothing alive.
    pub(crate) fn shower(&self) -> impl Fn() + Send + Sync + use<> {
        let health = Arc::downgrade(&self.0);
        move || {
            if let Some(health) = health.upgrade() {
                health.show();
            }
        }
    }
}

/// A component of which the host says how it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Component {
    health: Weak<Inner>,
    watched: Arc<Watched>,
}

impl Component {
    /// The component is like this now.
    pub fn set(&self, verdict: impl IntoVerdict) {
        if let Some(health) = self.health.upgrade() {
            let found = Found::new(verdict.into_verdict(), Instant::now());
            health.found(&self.watched, found);
        }
    }
}
