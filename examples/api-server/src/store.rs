//! The database: a real SQLite, and the one function every statement goes through.
//!
//! Connections come from a small pool. Waiting for one and running a statement are timed apart, because they fail for
//! different reasons: a full pool is cured by fewer or faster statements, a slow statement by an index.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    Row, Sqlite, SqlitePool,
    pool::PoolConnection,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    faults::Faults,
    vm::{self, NewVm, State, Vm},
};

/// The table `vms`, behind a pool of connections.
#[derive(Debug)]
pub struct Store {
    pool: SqlitePool,
    faults: Arc<Faults>,
    /// Holds every connection while the fault `pool_exhausted` is on.
    keeper: Mutex<Option<JoinHandle<()>>>,
    /// Where the database lives if nobody named a file; removed when the store goes.
    _scratch: Option<tempfile::TempDir>,
}

/// How the store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The database file; `None` for one that lives as long as the process.
    pub file: Option<PathBuf>,
    /// The most connections open at once.
    pub connections: u32,
    /// How long a caller waits for a connection.
    pub acquire_timeout: Duration,
}

/// Why a statement gave no result.
#[derive(Debug)]
pub enum StoreError {
    /// No connection could be had: the pool is used up, closed, or the file cannot be opened.
    NoConnection(sqlx::Error),
    /// The statement failed.
    Query(sqlx::Error),
}

/// The first word of a statement, as the `operation` label spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Select,
    Insert,
    Update,
    Delete,
    Ddl,
}

impl Store {
    /// Opens the database and creates what is missing in it.
    ///
    /// # Errors
    /// When the file cannot be opened or holds something else.
    pub async fn open(options: StoreOptions, faults: Arc<Faults>) -> Result<Self, StoreError> {
        let StoreOptions { file, connections, acquire_timeout } = options;
        let (file, scratch) = match file {
            Some(file) => (file, None),
            // A file and not `:memory:`, where each connection of the pool would see a database of its own.
            None => {
                let scratch = tempfile::Builder::new().prefix("api-server-").tempdir();
                let scratch = scratch.map_err(|error| StoreError::NoConnection(error.into()))?;
                (scratch.path().join("vms.sqlite"), Some(scratch))
            }
        };
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(acquire_timeout)
            .connect_with(connect_options(&file))
            .await
            .map_err(StoreError::NoConnection)?;
        let store = Self { pool, faults, keeper: Mutex::new(None), _scratch: scratch };
        store.rows(Operation::Ddl, sqlx::query(SCHEMA)).await?;
        Ok(store)
    }

    /// The VMs with an id above `after`, in the order of their ids, at most `limit`.
    ///
    /// # Errors
    /// When the statement or the way to it failed; so for every method here.
    pub async fn page(&self, after: i64, limit: u32, state: Option<State>) -> Result<Vec<Vm>, StoreError> {
        let query = sqlx::query("SELECT * FROM vms WHERE id > ?1 AND (?2 IS NULL OR state = ?2) ORDER BY id LIMIT ?3")
            .bind(after)
            .bind(state.map(State::as_str))
            .bind(limit);
        self.vms(Operation::Select, query).await
    }

    /// The VM of this id, if there is one.
    #[allow(missing_docs, reason = "see `page` for the errors")]
    pub async fn find(&self, id: i64) -> Result<Option<Vm>, StoreError> {
        let query = sqlx::query("SELECT * FROM vms WHERE id = ?1").bind(id);
        Ok(self.vms(Operation::Select, query).await?.pop())
    }

    /// A new VM, stopped; `None` if its name is taken.
    pub async fn insert(&self, new: &NewVm) -> Result<Option<Vm>, StoreError> {
        let NewVm { name, vcpus, memory_mib } = new;
        // A taken name is the client's mistake, not a failure of the database: it must not count as one.
        let query = sqlx::query(
            "INSERT INTO vms (name, vcpus, memory_mib) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING RETURNING *",
        )
        .bind(name.as_str())
        .bind(vcpus)
        .bind(memory_mib);
        Ok(self.vms(Operation::Insert, query).await?.pop())
    }

    /// Leads a VM from one state to another; `None` if it is not in the first, or not at all.
    pub async fn shift(&self, id: i64, from: State, to: State) -> Result<Option<Vm>, StoreError> {
        let query = sqlx::query(
            "UPDATE vms SET state = ?3, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ?1 AND state = ?2 RETURNING *",
        )
        .bind(id)
        .bind(from.as_str())
        .bind(to.as_str());
        Ok(self.vms(Operation::Update, query).await?.pop())
    }

    /// Takes a stopped VM out of the table and returns it; `None` if it is not stopped, or not at all.
    pub async fn delete(&self, id: i64) -> Result<Option<Vm>, StoreError> {
        let query = sqlx::query("DELETE FROM vms WHERE id = ?1 AND state = 'stopped' RETURNING *").bind(id);
        Ok(self.vms(Operation::Delete, query).await?.pop())
    }

    /// VMs that have been in a passing state for longer than `age`.
    pub async fn abandoned(&self, age: Duration) -> Result<Vec<Vm>, StoreError> {
        let query = sqlx::query(
            "SELECT * FROM vms WHERE state IN ('starting', 'stopping') AND updated_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?1)",
        )
        .bind(format!("-{:.3} seconds", age.as_secs_f64()));
        self.vms(Operation::Select, query).await
    }

    /// How many VMs are in each state, in the order of [`State::ALL`].
    pub async fn census(&self) -> Result<[u64; State::ALL.len()], StoreError> {
        let rows =
            self.rows(Operation::Select, sqlx::query("SELECT state, COUNT(*) AS vms FROM vms GROUP BY state")).await?;
        let mut census = [0; State::ALL.len()];
        for row in &rows {
            let state = vm::state(row).map_err(StoreError::Query)?;
            let vms: i64 = row.try_get("vms").map_err(StoreError::Query)?;
            census[state as usize] = u64::try_from(vms).unwrap_or(0);
        }
        Ok(census)
    }

    /// Takes every connection out of the pool, or gives them back.
    ///
    /// Returns when the last one was taken, or after two seconds if statements in progress still hold some; those are
    /// taken as soon as they come back.
    pub async fn exhaust(&self, on: bool) {
        let mut taken = {
            let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
            if on == keeper.is_some() {
                return;
            }
            let Some((task, taken)) = on.then(|| keep_all(self.pool.clone())) else {
                if let Some(task) = keeper.take() {
                    task.abort();
                }
                return;
            };
            *keeper = Some(task);
            taken
        };
        let all = self.pool.options().get_max_connections();
        let _ = tokio::time::timeout(EXHAUST_WAIT, taken.wait_for(|taken| *taken == all)).await;
    }

    /// Waits for statements in progress, then closes every connection.
    pub async fn close(&self) {
        self.exhaust(false).await;
        self.pool.close().await;
    }

    async fn vms(
        &self,
        operation: Operation,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<Vm>, StoreError> {
        let rows = self.rows(operation, query).await?;
        rows.iter().map(Vm::try_from).collect::<sqlx::Result<_>>().map_err(StoreError::Query)
    }

    /// The one way to the database: a connection, then the statement, with whatever faults are switched on.
    async fn rows(
        &self,
        operation: Operation,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut connection = self.connection().await?;
        let faults = self.faults.current();
        // Slow while it holds the connection: that is what makes a slow statement everybody's problem.
        if faults.slow_query_ms > 0 {
            tokio::time::sleep(Duration::from_millis(faults.slow_query_ms)).await;
        }
        let query = if faults.query_fails() { sqlx::query(DOOMED) } else { query };
        query.fetch_all(&mut *connection).await.map_err(|error| {
            tracing::warn!(?operation, %error, "statement failed");
            StoreError::Query(error)
        })
    }

    async fn connection(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.pool.acquire().await.map_err(|error| {
            tracing::warn!(%error, "no database connection");
            StoreError::NoConnection(error)
        })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoConnection(_) => "no database connection",
            Self::Query(_) => "statement failed",
        })
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoConnection(error) | Self::Query(error) => Some(error),
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

/// A task that takes one connection after the other and holds them until it is aborted; the receiver says how many.
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
                    // Statements hold the rest for longer than the pool lets anyone wait: queue again.
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

const EXHAUST_WAIT: Duration = Duration::from_secs(2);

/// Names a table that does not exist, so that the failure is SQLite's own.
const DOOMED: &str = "SELECT * FROM vms_lost_by_fault_injection";

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS vms (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    vcpus      INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    state      TEXT NOT NULL DEFAULT 'stopped' CHECK (state IN ('starting', 'running', 'stopping', 'stopped')),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT";
