//! A pool of database connections that says how it is. Feature `sqlx`; it needs Rust 1.94, as sqlx
//! 0.9 does.
//!
//! [`ObservedPool`] stands in for [`sqlx::Pool`], of whatever database. Connections
//! that are lent out, wait, and may be opened are asked for at each scrape, so they are never old.
//! Waiting for a connection, time-outs, failures to connect, statements and transactions are
//! recorded as they happen, each exactly once, also when the future is dropped half way.
//!
//! ```no_run
//! use novacron_telemetry::Telemetry;
//! use novacron_telemetry::sqlx::ObservedPool;
//!
//! async fn rename(telemetry: &Telemetry, pool: sqlx::SqlitePool) -> sqlx::Result<()> {
//!     let pool = ObservedPool::new("main", pool, telemetry);
//!
//!     let mut connection = pool.acquire().await?;
//!     let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM vms");
//!     let vms = pool.statement("SELECT", "vms", count.fetch_one(&mut *connection)).await?;
//!
//!     let mut transaction = pool.begin().await?;
//!     let rename = sqlx::query("UPDATE vms SET name = 'a' WHERE id = 1");
//!     pool.statement("UPDATE", "vms", rename.execute(&mut *transaction)).await?;
//!     transaction.commit().await
//! }
//! ```
//!
//! A statement runs on a connection, not on the pool: so that waiting for the one and running the
//! other are timed apart. They fail for different reasons, and are cured by different means. Its
//! table is named by the caller, because statement text is no label.

mod transaction;

pub use transaction::ObservedTransaction;

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use ::sqlx::pool::PoolConnection;
use ::sqlx::{Database, Error, Pool, SqlSafeStr};

use crate::catalog::database::{DbOperation, PoolLabelsRef};
use crate::metric::{Family, Gauge};
use crate::record::{AsRecorder, DatabaseQuery, Moment, Recorder};

/// A [`Pool`] whose connections, waits and transactions are recorded. Cheap to clone.
///
/// Everything else that a pool can do is reached through it: it dereferences to the pool. What is
/// acquired there, `pool.fetch_all` on the pool itself included, is seen by the numbers of
/// connections, but its wait is not.
///
/// Its gauges are shown until its last clone is dropped or the pool is closed and empty, whichever
/// is first; the registry holds nothing of the pool. Give each pool a name of its own: of two with
/// one name, the numbers of the one that was made last are shown.
pub struct ObservedPool<DB: Database>(Arc<Observed<DB>>);

struct Observed<DB: Database> {
    pool: Pool<DB>,
    name: Box<str>,
    recorder: Recorder,
}

impl<DB: Database> ObservedPool<DB> {
    /// Observes a pool under a name such as `default` or `replica`: the label `pool`.
    ///
    /// `telemetry` is a [`Telemetry`](crate::Telemetry), a [`Recorder`], or a reference to one.
    pub fn new(name: impl Into<String>, pool: Pool<DB>, telemetry: impl AsRecorder) -> Self {
        let recorder = telemetry.as_recorder().clone();
        let registry = recorder.catalog().registry();
        let observed = Arc::new(Observed {
            pool,
            name: name.into().into(),
            recorder,
        });
        if let Some(registry) = registry {
            let observed: Weak<Observed<DB>> = Arc::downgrade(&observed);
            registry
                .before_scrape_while(move || observed.upgrade().is_some_and(|pool| pool.show()));
        }
        Self(observed)
    }

    /// The name it goes by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// A connection, and how long it took to get one.
    ///
    /// A caller that is dropped while it waits has waited, too; it is no time-out.
    ///
    /// # Errors
    ///
    /// As [`Pool::acquire`]. A time-out is counted as one, a closed pool is nobody's failure, and
    /// everything else is a connection that could not be opened.
    pub async fn acquire(&self) -> Result<PoolConnection<DB>, Error> {
        let mut wait = Wait {
            pool: &self.0,
            begun: Moment::now(),
            timed_out: false,
        };
        let connection = self.0.pool.acquire().await;
        if let Err(error) = &connection {
            wait.timed_out = matches!(error, Error::PoolTimedOut);
            if !matches!(error, Error::PoolTimedOut | Error::PoolClosed) {
                self.0.recorder.database_connection_error(&self.0.name);
            }
        }
        connection
    }

    /// A transaction: counted when it ends, as a commit or as a rollback.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), or if the database does not begin one; then none is counted.
    pub async fn begin(&self) -> Result<ObservedTransaction<DB>, Error> {
        let connection = self.acquire().await?;
        ObservedTransaction::begin(self.0.recorder.clone(), connection, None).await
    }

    /// A transaction that begins with this statement, such as `BEGIN IMMEDIATE`.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub async fn begin_with(
        &self,
        statement: impl SqlSafeStr,
    ) -> Result<ObservedTransaction<DB>, Error> {
        let statement = statement.into_sql_str();
        let connection = self.acquire().await?;
        ObservedTransaction::begin(self.0.recorder.clone(), connection, Some(statement)).await
    }

    /// Runs a statement: what it does (`"SELECT"` or a [`DbOperation`]), to which table, and the
    /// future that does it. Its status, its time and whether that was slow are recorded.
    ///
    /// A row that is not there ([`Error::RowNotFound`]) is an answer, not a failure. Dropped before
    /// its end, the statement failed. [`DatabaseQuery`] takes numbers of rows as well.
    ///
    /// # Errors
    ///
    /// Those of the future.
    pub async fn statement<T>(
        &self,
        operation: impl Into<DbOperation>,
        table: &str,
        run: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let recorder = self.0.recorder.clone();
        let statement = DatabaseQuery::begin_with(recorder, operation.into(), table);
        let result = run.await;
        statement.finish(matches!(result, Ok(_) | Err(Error::RowNotFound)));
        result
    }
}

impl<DB: Database> Observed<DB> {
    /// Shows the pool's numbers of this moment; `false` when it has none any more.
    fn show(&self) -> bool {
        let open = self.pool.size();
        if open == 0 && self.pool.is_closed() {
            self.hide();
            return false;
        }
        // The two are read one after the other: there may be more idle now than there were open.
        let idle = u32::try_from(self.pool.num_idle()).map_or(open, |idle| idle.min(open));
        let most = self.pool.options().get_max_connections();
        self.recorder
            .database_connections(&self.name, open - idle, idle, most);
        true
    }

    fn hide(&self) {
        let pool = PoolLabelsRef { pool: &self.name };
        for gauge in self.gauges() {
            gauge.with(&pool).clear();
        }
    }

    fn gauges(&self) -> [&Family<crate::catalog::database::PoolLabels, Gauge>; 3] {
        let database = &self.recorder.catalog().database;
        [
            &database.connections_active,
            &database.connections_idle,
            &database.connection_pool_size,
        ]
    }
}

/// A scrape that reads the pool's numbers holds a share in this, so nobody can show them again
/// after they were taken away here.
impl<DB: Database> Drop for Observed<DB> {
    fn drop(&mut self) {
        self.hide();
    }
}

/// A caller that waits for a connection.
struct Wait<'a, DB: Database> {
    pool: &'a Observed<DB>,
    begun: Moment,
    timed_out: bool,
}

impl<DB: Database> Drop for Wait<'_, DB> {
    fn drop(&mut self) {
        let waited = Moment::now().since(self.begun);
        let Observed { recorder, name, .. } = self.pool;
        recorder.database_wait(name, waited, self.timed_out);
    }
}

impl<DB: Database> Deref for ObservedPool<DB> {
    type Target = Pool<DB>;

    fn deref(&self) -> &Pool<DB> {
        &self.0.pool
    }
}

impl<DB: Database> Clone for ObservedPool<DB> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<DB: Database> fmt::Debug for ObservedPool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedPool")
            .field("name", &self.0.name)
            .field("pool", &self.0.pool)
            .finish_non_exhaustive()
    }
}
