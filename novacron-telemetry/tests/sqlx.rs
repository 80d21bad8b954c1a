//! The observed pool on real SQLite: in memory, in a file, used up, closed, cancelled.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::catalog::database::DbOperation;
use novacron_telemetry::record::{Recorder, Settings};
use novacron_telemetry::registry::{Groups, Registry, Snapshot};
use novacron_telemetry::sqlx::ObservedPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Connection, Error, Sqlite, SqlitePool};

const ACTIVE: &str = "novacron_database_connections_active";
const IDLE: &str = "novacron_database_connections_idle";
const SIZE: &str = "novacron_database_connection_pool_size";
const WAIT: &str = "novacron_database_connection_wait_seconds";
const TIMEOUTS: &str = "novacron_database_connection_timeouts_total";
const ERRORS: &str = "novacron_database_connection_errors_total";
const QUERIES: &str = "novacron_database_queries_total";
const SLOW: &str = "novacron_database_slow_queries_total";
const TRANSACTIONS: &str = "novacron_database_transactions_total";
const LENGTHS: &str = "novacron_database_transaction_duration_seconds";

struct House {
    registry: Registry,
    recorder: Recorder,
}

impl House {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let registry = Registry::new();
        let catalog = Catalog::register(&registry, Groups::ALL).unwrap();
        let recorder = Recorder::new(catalog, settings);
        Self { registry, recorder }
    }

    fn observe(&self, name: &str, pool: SqlitePool) -> ObservedPool<Sqlite> {
        ObservedPool::new(name, pool, &self.recorder)
    }

    /// What a family shows of a pool, if it does.
    fn value(&self, family: &str, pool: &str) -> Option<f64> {
        let snapshot = self.registry.snapshot();
        let series = snapshot.series(family);
        let found = series.iter().find(|series| series.has("pool", pool));
        found.map(|series| series.sample.value())
    }

    /// Active, idle, and the most there may be.
    fn connections(&self, pool: &str) -> [Option<f64>; 3] {
        [ACTIVE, IDLE, SIZE].map(|family| self.value(family, pool))
    }

    fn sum(&self, family: &str, labels: &[(&str, &str)]) -> f64 {
        self.registry.snapshot().sum(family, labels)
    }

    fn transactions(&self) -> [f64; 2] {
        ["commit", "rollback"].map(|outcome| self.sum(TRANSACTIONS, &[("outcome", outcome)]))
    }
}

fn options(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_millis(200))
}

async fn in_memory(connections: u32) -> SqlitePool {
    options(connections)
        .connect_with(SqliteConnectOptions::new().in_memory(true))
        .await
        .unwrap()
}

/// Polls a future once, and expects it to wait.
fn begin_waiting<F: Future>(future: std::pin::Pin<&mut F>) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(future.poll(&mut context), Poll::Pending));
}

fn seconds_waited(snapshot: &Snapshot) -> f64 {
    let series = snapshot.series(WAIT);
    let novacron_telemetry::registry::Sample::Histogram { sum, .. } = &series[0].sample else {
        panic!("a histogram");
    };
    *sum
}

#[tokio::test]
async fn its_connections_are_those_of_this_moment() {
    let house = House::new();
    let pool = house.observe("main", in_memory(3).await);
    assert_eq!(
        house.connections("main"),
        [Some(0.0), Some(1.0), Some(3.0)],
        "the one it opened"
    );
    let first = pool.acquire().await.unwrap();
    let second = pool.acquire().await.unwrap();
    assert_eq!(house.connections("main"), [Some(2.0), Some(0.0), Some(3.0)]);
    drop((first, second));
    // Connections go back in a task of their own.
    while pool.num_idle() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.connections("main"), [Some(0.0), Some(2.0), Some(3.0)]);
    assert_eq!(house.sum(WAIT, &[("pool", "main")]), 2.0);
    assert_eq!(house.sum(TIMEOUTS, &[]), 0.0);
    assert_eq!(
        house.value(TIMEOUTS, "main"),
        Some(0.0),
        "there before the first time-out"
    );
}

#[tokio::test]
async fn every_waiter_of_a_pool_of_one_has_waited() {
    let house = House::new();
    let pool = house.observe("main", in_memory(1).await);
    let held = pool.acquire().await.unwrap();
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { drop(pool.acquire().await.unwrap()) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(60)).await;
    drop(held);
    for waiter in waiters {
        waiter.await.unwrap();
    }
    let snapshot = house.registry.snapshot();
    assert_eq!(snapshot.sum(WAIT, &[]), 4.0);
    let waited = seconds_waited(&snapshot);
    assert!((0.17..5.0).contains(&waited), "3 × 60 ms, not {waited} s");
    assert_eq!(house.sum(TIMEOUTS, &[]), 0.0);
}

#[tokio::test]
async fn a_caller_that_waits_too_long_has_timed_out() {
    let house = House::new();
    let pool = house.observe("main", in_memory(1).await);
    let _held = pool.acquire().await.unwrap();
    assert!(matches!(pool.acquire().await, Err(Error::PoolTimedOut)));
    assert!(matches!(pool.begin().await, Err(Error::PoolTimedOut)));
    assert_eq!(house.sum(TIMEOUTS, &[("pool", "main")]), 2.0);
    assert_eq!(house.sum(ERRORS, &[]), 0.0);
    assert_eq!(house.sum(WAIT, &[]), 3.0);
    assert!(seconds_waited(&house.registry.snapshot()) >= 0.4);
    assert_eq!(house.transactions(), [0.0, 0.0], "none began");
}

#[tokio::test]
async fn a_caller_that_leaves_has_waited_and_not_timed_out() {
    let house = House::new();
    let pool = house.observe("main", in_memory(1).await);
    let _held = pool.acquire().await.unwrap();
    {
        let mut waits = pin!(pool.acquire());
        begin_waiting(waits.as_mut());
        assert_eq!(house.sum(WAIT, &[]), 1.0, "it still waits");
    }
    assert_eq!(house.sum(WAIT, &[]), 2.0);
    assert_eq!(house.sum(TIMEOUTS, &[]), 0.0);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_a_connection_error() {
    let house = House::new();
    let nowhere = SqliteConnectOptions::new().filename("/nowhere/at/all.sqlite");
    let pool = house.observe("main", options(1).connect_lazy_with(nowhere));
    assert!(pool.acquire().await.is_err());
    assert_eq!(house.sum(ERRORS, &[("pool", "main")]), 1.0);
    assert_eq!(house.sum(TIMEOUTS, &[]), 0.0);
    assert_eq!(house.sum(WAIT, &[]), 1.0);
}

#[tokio::test]
async fn a_transaction_is_counted_once_however_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new()
        .filename(folder.path().join("vms.sqlite"))
        .create_if_missing(true);
    let house = House::new();
    let pool = house.observe("main", options(2).connect_with(file).await.unwrap());
    sqlx::query("CREATE TABLE vms (name TEXT)")
        .execute(&*pool)
        .await
        .unwrap();
    let insert = || sqlx::query("INSERT INTO vms VALUES ('a')");
    let count = || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM vms").fetch_one(&*pool);

    let mut committed = pool.begin().await.unwrap();
    insert().execute(&mut *committed).await.unwrap();
    // A savepoint is a part of it, not another one.
    let savepoint = committed.begin().await.unwrap();
    savepoint.commit().await.unwrap();
    assert_eq!(house.transactions(), [0.0, 0.0], "it has not ended");
    committed.commit().await.unwrap();
    assert_eq!(house.transactions(), [1.0, 0.0]);
    assert_eq!(count().await.unwrap(), 1);

    let mut rolled_back = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    insert().execute(&mut *rolled_back).await.unwrap();
    rolled_back.rollback().await.unwrap();
    assert_eq!(house.transactions(), [1.0, 1.0]);

    let mut dropped = pool.begin().await.unwrap();
    insert().execute(&mut *dropped).await.unwrap();
    drop(dropped);
    assert_eq!(house.transactions(), [1.0, 2.0]);

    // Its commit is dropped before it was sent.
    let left = pool.begin().await.unwrap();
    drop(left.commit());
    assert_eq!(house.transactions(), [1.0, 3.0]);

    // The database does not know such a one.
    assert!(pool.begin_with("BEGIN nonsense").await.is_err());
    assert_eq!(house.transactions(), [1.0, 3.0], "it never began");

    assert_eq!(house.sum(LENGTHS, &[]), 4.0);
    assert_eq!(count().await.unwrap(), 1);
    assert_eq!(house.sum(ERRORS, &[]), 0.0, "no connection failed");
}

#[tokio::test]
async fn statements_are_counted_by_what_they_do_and_how_they_end() {
    let mut settings = Settings::default();
    settings.slow_query = Duration::from_millis(20);
    let house = House::with(settings);
    let pool = house.observe("main", in_memory(1).await);
    let mut connection = pool.acquire().await.unwrap();
    let create = sqlx::query("CREATE TABLE vms (name TEXT)").execute(&mut *connection);
    pool.statement(DbOperation::Ddl, "vms", create)
        .await
        .unwrap();

    let nothing = sqlx::query("SELECT name FROM vms").fetch_one(&mut *connection);
    let found = pool.statement("select", "vms", nothing).await;
    assert!(matches!(found, Err(Error::RowNotFound)));

    let wrong = sqlx::query("SELECT nothing FROM nowhere").execute(&mut *connection);
    assert!(pool.statement("SELECT", "vms", wrong).await.is_err());

    let slow = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        sqlx::query("DELETE FROM vms")
            .execute(&mut *connection)
            .await
    };
    pool.statement("DELETE", "vms", slow).await.unwrap();

    {
        let mut left =
            pin!(pool.statement("INSERT", "vms", std::future::pending::<Result<(), _>>()));
        begin_waiting(left.as_mut());
    }
    let ended = |operation, status| {
        let labels = [
            ("operation", operation),
            ("table", "vms"),
            ("status", status),
        ];
        house.sum(QUERIES, &labels)
    };
    assert_eq!(ended("DDL", "success"), 1.0);
    assert_eq!(ended("SELECT", "success"), 1.0, "a row that is not there");
    assert_eq!(ended("SELECT", "error"), 1.0);
    assert_eq!(ended("DELETE", "success"), 1.0);
    assert_eq!(ended("INSERT", "error"), 1.0, "its caller left");
    assert_eq!(house.sum(QUERIES, &[]), 5.0);
    assert_eq!(house.sum(SLOW, &[("operation", "DELETE")]), 1.0);
    assert_eq!(house.sum(SLOW, &[]), 1.0);
}

#[tokio::test]
async fn a_pool_that_is_no_longer_observed_is_no_longer_shown() {
    let house = House::new();
    let plain = in_memory(2).await;
    let pool = house.observe("main", plain.clone());
    let other = house.observe("other", in_memory(5).await);
    let clone = pool.clone();
    drop(pool);
    assert_eq!(house.value(SIZE, "main"), Some(2.0), "a clone still is");
    drop(clone);
    assert_eq!(house.connections("main"), [None; 3]);
    assert!(!plain.is_closed(), "the pool itself goes on");
    assert_eq!(house.value(SIZE, "other"), Some(5.0));
    // The same name again, for a pool that takes its place before the old one is gone.
    let second = house.observe("other", in_memory(7).await);
    assert_eq!(house.value(SIZE, "other"), Some(7.0));
    drop(other);
    assert_eq!(house.value(SIZE, "other"), Some(7.0));
    drop(second);
    assert_eq!(house.value(SIZE, "other"), None);
}

#[tokio::test]
async fn a_closed_pool_is_shown_until_its_last_connection_is_gone() {
    let house = House::new();
    let pool = house.observe("main", in_memory(2).await);
    let held = pool.acquire().await.unwrap();
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close().await }
    });
    while !pool.is_closed() {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.value(ACTIVE, "main"), Some(1.0), "still lent out");
    assert!(matches!(pool.acquire().await, Err(Error::PoolClosed)));
    assert_eq!(house.sum(TIMEOUTS, &[]), 0.0);
    assert_eq!(house.sum(ERRORS, &[]), 0.0, "nobody's failure");
    drop(held);
    closing.await.unwrap();
    assert_eq!(house.connections("main"), [None; 3]);
}

#[tokio::test]
async fn the_registry_keeps_no_pool_open() {
    let house = House::new();
    let plain = in_memory(1).await;
    let idle = plain.acquire().await.unwrap();
    drop(idle);
    let pool = house.observe("main", plain);
    let closed = pool.close_event();
    // A scrape has seen it.
    assert_eq!(house.value(SIZE, "main"), Some(1.0));
    // The last handle of a pool closes it.
    drop(pool);
    tokio::time::timeout(Duration::from_secs(5), closed)
        .await
        .expect("nobody holds the pool");
}

#[tokio::test]
async fn a_silent_recorder_is_served_all_the_same() {
    let pool = ObservedPool::new("main", in_memory(1).await, Recorder::noop());
    let transaction = pool.begin().await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(pool.name(), "main");
}
