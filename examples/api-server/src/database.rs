//! The database: a pool of connections to a real SQLite, and the one function every statement goes
//! through.
//!
//! Waiting for a connection and running a statement are timed apart, because they fail for
//! different reasons: a full pool is cured by fewer or faster statements, a slow statement by an
//! index.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use novacron_telemetry::{
    catalog::database::DbOperation,
    record::{DatabaseQuery, Recorder},
    sqlx::ObservedPool,
};
use sqlx::{
    Sqlite, SqlitePool,
    query::Query,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};
use tokio::{sync::watch, task::JoinHandle};

use crate::faults::Faults;

/// SQLite behind a pool of connections.
#[derive(Debug)]
pub struct Database {
    pool: ObservedPool<Sqlite>,
    faults: Arc<Faults>,
    recorder: Recorder,
    /// Holds every connection while the fault `pool_exhausted` is on.
    keeper: Mutex<Option<JoinHandle<()>>>,
    /// Where the file is if nobody named one; removed when the database goes.
    _scratch: Option<tempfile::TempDir>,
}

/// How the database is opened.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// The file; `None` for one that lives as long as the database.
    pub file: Option<PathBuf>,
    /// The most connections open at once.
    pub connections: u32,
    /// How long a caller waits for a connection.
    pub acquire_timeout: Duration,
}

/// Why a statement gave no result.
#[derive(Debug)]
pub enum DatabaseError {
    /// No connection could be had: the pool is used up, closed, or the file cannot be opened.
    NoConnection(sqlx::Error),
    /// The statement failed.
    Query(sqlx::Error),
}

impl Database {
    /// Opens the file, or makes one.
    ///
    /// # Errors
    /// When the file cannot be opened or holds something else.
    pub async fn open(
        options: DatabaseOptions,
        faults: Arc<Faults>,
        recorder: Recorder,
    ) -> Result<Self, DatabaseError> {
        let DatabaseOptions {
            file,
            connections,
            acquire_timeout,
        } = options;
        let (file, scratch) = match file {
            Some(file) => (file, None),
            // A file and not `:memory:`, where each connection of the pool would see a database of
            // its own.
            None => {
                let scratch = tempfile::Builder::new().prefix("api-server-").tempdir();
                let scratch = scratch.map_err(|error| DatabaseError::NoConnection(error.into()))?;
                (scratch.path().join("vms.sqlite"), Some(scratch))
            }
        };
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(acquire_timeout)
            .connect_lazy_with(connect_options(&file));
        first_connection(&pool).await?;
        Ok(Self {
            pool: ObservedPool::new(POOL, pool, &recorder),
            faults,
            recorder,
            keeper: Mutex::new(None),
            _scratch: scratch,
        })
    }

    /// Takes every connection out of the pool or gives them back, as the fault `pool_exhausted` says.
    ///
    /// Returns when the last one was taken, or after two seconds if statements in progress still
    /// hold some; those are taken as soon as they come back.
    pub async fn follow_faults(&self) {
        let Some(mut taken) = self.keep_or_release() else {
            return;
        };
        let all = self.pool.options().get_max_connections();
        let _ = tokio::time::timeout(EXHAUST_WAIT, taken.wait_for(|taken| *taken == all)).await;
    }

    /// Waits for statements in progress, then closes every connection.
    pub async fn close(&self) {
        self.faults.clear();
        self.keep_or_release();
        self.pool.close().await;
    }

    /// Reads the fault under the lock: of two changes at once, the later one must win here, too.
    fn keep_or_release(&self) -> Option<watch::Receiver<u32>> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.faults.current().pool_exhausted, keeper.take()) {
            (true, None) => {
                let (task, taken) = keep_all(SqlitePool::clone(&self.pool));
                *keeper = Some(task);
                return Some(taken);
            }
            (true, kept) => *keeper = kept,
            (false, Some(task)) => task.abort(),
            (false, None) => {}
        }
        None
    }

    /// The one way to the database: a connection, then the statement, with whatever faults are
    /// switched on.
    pub(crate) async fn rows(
        &self,
        operation: DbOperation,
        table: &'static str,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, DatabaseError> {
        let mut connection = self.pool.acquire().await.map_err(|error| {
            tracing::warn!(%error, "no database connection");
            DatabaseError::NoConnection(error)
        })?;
        let statement = DatabaseQuery::begin_with(self.recorder.clone(), operation, table);
        let faults = self.faults.current();
        // Slow while it holds the connection: that is what makes a slow statement everybody's
        // problem.
        if faults.slow_query_ms > 0 {
            tokio::time::sleep(Duration::from_millis(faults.slow_query_ms)).await;
        }
        let query = match faults.query_fails() {
            true => sqlx::query(DOOMED),
            false => query,
        };
        let result = query.fetch_all(&mut *connection).await;
        let rows = result.as_ref().map_or(0, Vec::len) as u64;
        let statement = match operation {
            DbOperation::Select => statement.rows_returned(rows),
            // Those end in RETURNING: a row for each that they changed.
            _ => statement.rows_affected(rows),
        };
        statement.finish(result.is_ok());
        result.map_err(|error| {
            tracing::warn!(%operation, table, %error, "statement failed");
            DatabaseError::Query(error)
        })
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoConnection(_) => "no database connection",
            Self::Query(_) => "statement failed",
        })
    }
}

impl std::error::Error for DatabaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoConnection(error) | Self::Query(error) => Some(error),
        }
    }
}

/// Opens a connection. Making the file may take longer than anybody should wait for a connection
/// later on.
async fn first_connection(pool: &SqlitePool) -> Result<(), DatabaseError> {
    let begun = Instant::now();
    loop {
        match pool.acquire().await {
            Ok(_) => return Ok(()),
            Err(sqlx::Error::PoolTimedOut) if begun.elapsed() < OPEN_WAIT => {}
            Err(error) => return Err(DatabaseError::NoConnection(error)),
        }
    }
}

fn connect_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        // Readers beside one writer, and no fsync per statement.
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5))
}

/// A task that takes one connection after the other and holds them until it is aborted; the
/// receiver says how many.
fn keep_all(pool: SqlitePool) -> (JoinHandle<()>, watch::Receiver<u32>) {
    let (taken, receiver) = watch::channel(0);
    let task = tokio::spawn(async move {
        let all = pool.options().get_max_connections();
        let mut held = Vec::new();
        for count in 1..=all {
            let connection = loop {
                match pool.acquire().await {
                    Ok(connection) => break connection,
                    Err(sqlx::Error::PoolClosed) => return,
                    // Statements hold the rest for longer than the pool lets anyone wait: queue
                    // again.
                    Err(_) => {}
                }
            };
            held.push(connection);
            taken.send_replace(count);
        }
        std::future::pending::<()>().await;
    });
    (task, receiver)
}

/// The name of the pool in metrics.
pub(crate) const POOL: &str = "default";

const OPEN_WAIT: Duration = Duration::from_secs(5);

const EXHAUST_WAIT: Duration = Duration::from_secs(2);

/// Names a table that does not exist, so that the failure is SQLite's own.
const DOOMED: &str = "SELECT * FROM vms_lost_by_fault_injection";
