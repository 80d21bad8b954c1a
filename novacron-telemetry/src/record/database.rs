//! Database statements and pools.

use std::time::Duration;

use super::clock::Moment;
use super::current::with_current;
use super::returned::Rows;
use super::run::{Held, Run};
use super::{Outcome, Recorder, current};
use crate::catalog::CallStatus;
use crate::catalog::database::{
    CacheLabelsRef, DbOperation, OutcomeLabels, PoolLabelsRef, QueryLabelsRef, ReplicaLabelsRef,
    StatementLabelsRef, TableLabelsRef, TransactionOutcome,
};
use crate::context::{Class, FinishedSpan, SpanKind};
use crate::metric::Seconds;

/// A database statement that is running. Dropped without [`finish`](DatabaseQuery::finish), as when
/// its future is cancelled, it counts as an error.
///
/// ```
/// use novacron_telemetry::catalog::database::DbOperation;
/// use novacron_telemetry::record::DatabaseQuery;
///
/// let query = DatabaseQuery::begin(DbOperation::Select, "vms");
/// let rows: Result<Vec<u8>, ()> = Ok(vec![1, 2]);
/// query.rows_returned(rows.as_ref().map_or(0, |rows| rows.len() as u64)).finish(rows.is_ok());
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the statement counts as an error"]
pub struct DatabaseQuery<'a>(Held<Query<&'a str>>);

impl<'a> DatabaseQuery<'a> {
    /// A statement begins; `table` is a name from the schema, never statement text.
    pub fn begin(operation: DbOperation, table: &'a str) -> Self {
        Self::begin_with(current::current(), operation, table)
    }

    /// A statement begins that is recorded by `recorder`.
    pub fn begin_with(recorder: Recorder, operation: DbOperation, table: &'a str) -> Self {
        Self(Held::new(recorder, Query { operation, table }))
    }

    /// It read this many rows.
    pub fn rows_returned(mut self, rows: u64) -> Self {
        self.0.measured.returned = rows;
        self
    }

    /// It changed this many rows.
    pub fn rows_affected(mut self, rows: u64) -> Self {
        self.0.measured.affected = rows;
        self
    }

    /// It is over: whether it worked, or how it ended. All but a success counts as an error.
    pub fn finish(self, outcome: impl Into<Outcome>) {
        self.0.finish(outcome.into());
    }
}

/// A statement on a table.
#[derive(Debug)]
pub struct Query<T> {
    pub(super) operation: DbOperation,
    pub(super) table: T,
}

impl<T: AsRef<str>> Run for Query<T> {
    type Verdict = Outcome;
    type Measured = Rows;

    fn class(&self) -> Class {
        Class::Database
    }

    fn slow(&self, recorder: &Recorder) -> Option<Duration> {
        Some(recorder.settings().slow_query)
    }

    fn describe(&self, span: &mut FinishedSpan) {
        span.kind = SpanKind::Client;
        span.name = "database_query".into();
        span.set("db.operation", self.operation.as_str());
        span.set("db.collection", self.table.as_ref().to_owned());
    }

    fn begin(&self, recorder: &Recorder) {
        let queries = &recorder.catalog().database.queries_total;
        queries.touch_together(statuses(self.operation, self.table.as_ref()));
    }

    fn end(self, recorder: &Recorder, begun: Moment, outcome: Outcome, rows: Rows) {
        let elapsed = Moment::now().since(begun);
        let table = self.table.as_ref();
        let status = match outcome {
            Outcome::Success => CallStatus::Success,
            Outcome::Failure(_) | Outcome::Cancelled | Outcome::TimedOut => CallStatus::Error,
        };
        recorder.database_query(self.operation, table, status, elapsed);
        let (database, table) = (&recorder.catalog().database, TableLabelsRef { table });
        let Rows { returned, affected } = rows;
        if returned > 0 {
            database.rows_returned_total.inc_by(&table, returned);
        }
        if affected > 0 {
            database.rows_affected_total.inc_by(&table, affected);
        }
    }
}

impl Recorder {
    /// A statement finished.
    #[inline]
    pub fn database_query(
        &self,
        operation: DbOperation,
        table: &str,
        status: CallStatus,
        duration: impl Into<Seconds>,
    ) {
        let database = &self.catalog().database;
        let duration = duration.into().get();
        let statement = StatementLabelsRef { operation, table };
        database.queries_total.inc_among(
            &QueryLabelsRef {
                operation,
                table,
                status,
            },
            statuses(operation, table),
        );
        let row = database.query_duration_seconds.row(&statement);
        database.query_duration_seconds.observe_at(row, duration);
        database.slow_queries_total.touch_at(row);
        if duration > self.settings().slow_query.as_secs_f64() {
            database.slow_queries_total.inc_at(row);
        }
    }

    /// How many connections of a pool are lent out, how many wait in it, and how many it may open.
    pub fn database_connections(&self, pool: &str, active: u32, idle: u32, size: u32) {
        let database = &self.catalog().database;
        let row = database.connections_active.row(&PoolLabelsRef { pool });
        database.connections_active.set_at(row, f64::from(active));
        database.connections_idle.set_at(row, f64::from(idle));
        database.connection_pool_size.set_at(row, f64::from(size));
    }

    /// A caller waited for a connection of a pool, and got it or gave up.
    pub fn database_wait(&self, pool: &str, waited: impl Into<Seconds>, timed_out: bool) {
        let database = &self.catalog().database;
        let wait = &database.connection_wait_seconds;
        let row = wait.row(&PoolLabelsRef { pool });
        wait.observe_at(row, waited);
        database.connection_timeouts_total.touch_at(row);
        if timed_out {
            database.connection_timeouts_total.inc_at(row);
        }
    }

    /// A connection could not be opened.
    pub fn database_connection_error(&self, pool: &str) {
        let errors = &self.catalog().database.connection_errors_total;
        errors.inc(&PoolLabelsRef { pool });
    }

    /// A transaction ended.
    pub fn database_transaction(&self, outcome: TransactionOutcome, duration: impl Into<Seconds>) {
        let database = &self.catalog().database;
        database.transactions_total.inc(&OutcomeLabels { outcome });
        database.transaction_duration_seconds.observe(duration);
    }
}

/// Every way a statement can end: the first error of a table must be an increase.
fn statuses(operation: DbOperation, table: &str) -> impl Iterator<Item = QueryLabelsRef<'_>> {
    let labels = move |status| QueryLabelsRef {
        operation,
        table,
        status,
    };
    CallStatus::ALL.iter().copied().map(labels)
}

/// A database statement finished: `SELECT` and so on, a table's name, `success` or `error`.
///
/// ```
/// novacron_telemetry::record::record_database_query("SELECT", "vms", "success", 0.003);
/// ```
pub fn record_database_query(
    operation: &str,
    table: &str,
    status: &str,
    duration: impl Into<Seconds>,
) {
    let (operation, status) = (DbOperation::from(operation), CallStatus::from(status));
    let duration = duration.into().get();
    with_current(|recorder| recorder.database_query(operation, table, status, duration));
}

/// How many connections of a pool are lent out, how many wait in it, and how many it may open.
///
/// ```
/// novacron_telemetry::record::update_database_connections("default", 3, 5, 10);
/// ```
pub fn update_database_connections(pool: &str, active: u32, idle: u32, size: u32) {
    with_current(|recorder| recorder.database_connections(pool, active, idle, size));
}

/// A caller waited this long for a connection of a pool, and got it or gave up (`timed_out`).
///
/// ```
/// novacron_telemetry::record::record_database_wait("default", 0.004, false);
/// ```
pub fn record_database_wait(pool: &str, waited: impl Into<Seconds>, timed_out: bool) {
    let waited = waited.into().get();
    with_current(|recorder| recorder.database_wait(pool, waited, timed_out));
}

/// A connection could not be opened.
///
/// ```
/// novacron_telemetry::record::record_database_connection_error("default");
/// ```
pub fn record_database_connection_error(pool: &str) {
    with_current(|recorder| recorder.database_connection_error(pool));
}

/// A transaction ended in a `commit` or a `rollback`.
///
/// ```
/// novacron_telemetry::record::record_database_transaction("commit", 0.02);
/// ```
pub fn record_database_transaction(outcome: &str, duration: impl Into<Seconds>) {
    let duration = duration.into().get();
    with_current(|recorder| {
        if let Some(outcome) = recorder.known(TransactionOutcome::parse(outcome)) {
            recorder.database_transaction(outcome, duration);
        }
    });
}

/// How far a replica is behind its primary, in seconds.
///
/// ```
/// novacron_telemetry::record::update_database_replication_lag("replica-1", 0.8);
/// ```
pub fn update_database_replication_lag(replica: &str, lag: impl Into<Seconds>) {
    let lag = lag.into().get();
    with_current(|recorder| {
        let gauge = &recorder.catalog().database.replication_lag_seconds;
        gauge.set(&ReplicaLabelsRef { replica }, lag);
    });
}

/// Something was looked up in a query or object cache, and found or not.
///
/// ```
/// novacron_telemetry::record::record_database_cache("vm_by_id", true);
/// ```
pub fn record_database_cache(cache: &str, hit: bool) {
    with_current(|recorder| {
        let database = &recorder.catalog().database;
        let (counted, other) = match hit {
            true => (&database.cache_hits_total, &database.cache_misses_total),
            false => (&database.cache_misses_total, &database.cache_hits_total),
        };
        let row = counted.row(&CacheLabelsRef { cache });
        counted.inc_at(row);
        other.touch_at(row);
    });
}

/// The database reported a deadlock.
///
/// ```
/// novacron_telemetry::record::record_database_deadlock();
/// ```
pub fn record_database_deadlock() {
    with_current(|recorder| recorder.catalog().database.deadlocks_total.inc());
}

/// Whether the last probe of a database succeeded.
///
/// ```
/// novacron_telemetry::record::update_database_up("default", true);
/// ```
pub fn update_database_up(pool: &str, up: bool) {
    with_current(|recorder| {
        let gauge = &recorder.catalog().database.up;
        gauge.set(&PoolLabelsRef { pool }, f64::from(up));
    });
}
