//! Lines: one JSON object per event, or a text layout that log pipelines take apart.
//!
//! ```
//! use novacron_telemetry::logs::Logs;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let path = std::env::temp_dir().join(format!("novacron-{}.log", std::process::id()));
//! let logs = Logs::builder("api-server").component("scheduler").file(&path).build()?;
//! let subscriber = tracing_subscriber::registry().with(logs.layer());
//! tracing::subscriber::with_default(subscriber, || {
//!     let job = tracing::info_span!("job", job_id = "7b1c", correlation_id = "c-42");
//!     let _entered = job.enter();
//!     tracing::info!(duration_ms = 12.5, db_password = "hunter2", "placed");
//! });
//! assert_eq!(logs.flush(std::time::Duration::from_secs(5)).lost, 0);
//!
//! let line = std::fs::read_to_string(&path)?;
//! assert!(line.contains(r#""level":"info","service":"api-server","component":"scheduler""#));
//! assert!(line.contains(r#""message":"placed","duration_ms":12.5,"db_password":"[redacted]""#));
//! assert!(line.contains(r#""job_id":"7b1c","correlation_id":"c-42""#));
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A program without layers of its own writes `Logs::builder("api-server").from_env()?.init()?`.
//!
//! # What is promised
//!
//! - **Whoever logs never waits for an output.** A line is laid out by the thread that logs, in room
//!   that it keeps, and copied into a queue bounded in bytes; a thread of our own writes. What finds
//!   no room is dropped and counted, and so is what an output refuses: see [`LogCounts`].
//! - **A record is one line,** whatever is in it, and a JSON line has no key twice. The library's own
//!   keys are reserved: a field `level` is shown as `level_field`, and so is one whose type is not
//!   the documented one.
//! - **Secrets are taken out** before a line is laid out: see [`redact`](crate::redact).
//! - **A flood is cut** where it comes from: each place in the program has a bucket of lines, and what
//!   it writes beyond is counted and said in one line a second.
//! - **Somebody else's code may panic** while its value is written: the other fields are kept.
//!
//! The schema of a line is `docs/log-line.schema.json`; `docs/logs.md` describes it, the layouts and
//! the variables.

mod builder;
mod count;
mod escape;
mod fields;
mod filter;
mod json;
mod layer;
mod limit;
mod line;
mod queue;
mod schema;
mod sink;
mod stamp;
mod text;
mod writer;

pub use builder::LogsBuilder;
pub use count::LogCounts;
pub use layer::LogLayer;
pub use line::LogFormat;
pub use queue::FlushedLines;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::catalog::ExporterMetrics;
use crate::error::Result;
use crate::registry::Registry;
use crate::sync::Mutex;
use count::{LEVELS, Totals};
use filter::{Change, Current, Directives, LogFilter};
use limit::Limiter;
use queue::Queue;

/// The log of a process: a cheap handle to change and to flush it.
///
/// The log ends when the last handle and the last layer are dropped; what waits is written then.
#[derive(Clone)]
pub struct Logs(Arc<Owner>);

/// What handles and layers hold together.
struct Owner {
    shared: Arc<Shared>,
}

/// What those who log share with the writer.
#[derive(Debug)]
struct Shared {
    queue: Queue,
    limiter: Limiter,
    filter: Arc<Current>,
    /// Changes of the filter that are to be told.
    changes: Mutex<Vec<(Change, Option<Duration>)>>,
    service: Box<str>,
    component: Option<Box<str>>,
    format: LogFormat,
    places: bool,
    priorities: bool,
}

impl Logs {
    /// The log of the service of this name, which every line carries.
    pub fn builder(service: impl Into<String>) -> LogsBuilder {
        LogsBuilder::new(service.into())
    }

    /// A layer for a `tracing` subscriber. What its filter leaves out, the subscriber's other
    /// layers still see.
    #[must_use]
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let filter = LogFilter(Arc::clone(&self.0.shared.filter));
        LogLayer(Arc::clone(&self.0)).with_filter(filter)
    }

    /// The directives that hold now.
    #[must_use]
    pub fn filter(&self) -> Arc<str> {
        self.0.shared.filter.text()
    }

    /// Changes which events are lines, for good. A line tells who reads the log of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) that names the directive that
    /// cannot be read; what held before still holds.
    pub fn reload(&self, directives: &str) -> Result<()> {
        self.change(directives, None)
    }

    /// Changes which events are lines for so long; then what held for good before holds again. A
    /// line each tells of the change and of the return.
    ///
    /// ```
    /// use novacron_telemetry::logs::Logs;
    /// use std::time::Duration;
    ///
    /// let logs = Logs::builder("api-server").writer(std::io::sink()).build()?;
    /// logs.reload_for("info,hyper=debug", Duration::from_millis(20))?;
    /// assert_eq!(&*logs.filter(), "info,hyper=debug");
    /// # for _ in 0..500 { if &*logs.filter() == "info" { break } std::thread::sleep(Duration::from_millis(20)); }
    /// # #[cfg(any())]
    /// std::thread::sleep(Duration::from_secs(1));
    /// assert_eq!(&*logs.filter(), "info");
    /// assert!(logs.reload("hyper=loud").is_err());
    /// # Ok::<(), novacron_telemetry::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`reload`](Self::reload).
    pub fn reload_for(&self, directives: &str, lifetime: Duration) -> Result<()> {
        self.change(directives, Some(lifetime))
    }

    fn change(&self, directives: &str, lifetime: Option<Duration>) -> Result<()> {
        let shared = &self.0.shared;
        let change = shared
            .filter
            .change(Directives::parse(directives)?, lifetime);
        shared.filter.ask_again();
        shared.changes.lock().push((change, lifetime));
        shared.queue.order(|orders| orders.news = true);
        Ok(())
    }

    /// Opens the output anew: to be called on SIGHUP, after a file was moved away. It is done soon,
    /// on the log's own thread. A file that was moved is noticed without it within a second.
    pub fn reopen(&self) {
        self.0.shared.queue.order(|orders| orders.reopen = true);
    }

    /// Writes what waits, for at most so long, and says what became of it.
    pub fn flush(&self, deadline: Duration) -> FlushedLines {
        self.0.shared.queue.flush(deadline)
    }

    /// Has each panic of the process written as a line, before whatever was to be done about panics
    /// is done, and waits at most so long for it to be written: the process may not live longer.
    pub fn log_panics(&self, deadline: Duration) {
        let shared = Arc::downgrade(&self.0.shared);
        let then = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if let Some(shared) = shared.upgrade() {
                let payload = info.payload();
                let text = payload.downcast_ref::<&str>().copied();
                let payload = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
                let payload = payload.unwrap_or("a value that is no text");
                let (file, line) = info
                    .location()
                    .map_or(("?", 0), |at| (at.file(), at.line()));
                tracing::error!(target: "novacron::panic", "panicked at {file}:{line}: {payload}");
                shared.queue.flush(deadline);
            }
            then(info);
        }));
    }

    /// How many lines there were, and what became of them.
    #[must_use]
    pub fn counts(&self) -> LogCounts {
        self.0.shared.totals().1
    }

    /// Shows the counts in the library's own metrics, for as long as there is a log.
    #[doc(hidden)]
    pub fn count_into(&self, registry: &Registry, own: &ExporterMetrics) {
        let shared = Arc::downgrade(&self.0.shared);
        let own = own.clone();
        let before = Mutex::new(Totals::default());
        registry.before_scrape_while(move || {
            let Some(shared) = shared.upgrade() else {
                return false;
            };
            // Under the lock: of two scrapes at once, neither counts what the other did.
            let mut before = before.lock();
            let now = shared.totals().0;
            now.export(&before, &own);
            *before = now;
            true
        });
    }
}

impl Shared {
    fn totals(&self) -> (Totals, LogCounts) {
        let suppressed: [u64; LEVELS] = self.limiter.suppressed();
        self.queue.totals(suppressed)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.queue.order(|orders| orders.close = true);
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs")
            .field("service", &self.0.shared.service)
            .field("filter", &self.filter())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
