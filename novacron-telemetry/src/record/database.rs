//! Database statements and pools.

use super::clock::Moment;
use super::{Recorder, current};
use crate::catalog::CallStatus;
use crate::catalog::database::{
    DbOperation, PoolLabelsRef, QueryLabelsRef, StatementLabelsRef, TableLabelsRef,
};
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
pub struct DatabaseQuery<'a> {
    recorder: Recorder,
    operation: DbOperation,
    table: &'a str,
    begun: Moment,
    returned: u64,
    affected: u64,
    finished: bool,
}

impl<'a> DatabaseQuery<'a> {
    /// A statement begins; `table` is a name from the schema, never statement text.
    pub fn begin(operation: DbOperation, table: &'a str) -> Self {
        Self::begin_with(current::current(), operation, table)
    }

    /// A statement begins that is recorded by `recorder`.
    pub fn begin_with(recorder: Recorder, operation: DbOperation, table: &'a str) -> Self {
        for status in CallStatus::ALL {
            recorder
                .catalog()
                .database
                .queries_total
                .touch(&QueryLabelsRef {
                    operation,
                    table,
                    status: *status,
                });
        }
        Self {
            recorder,
            operation,
            table,
            begun: Moment::now(),
            returned: 0,
            affected: 0,
            finished: false,
        }
    }

    /// It read this many rows.
    pub fn rows_returned(mut self, rows: u64) -> Self {
        self.returned = rows;
        self
    }

    /// It changed this many rows.
    pub fn rows_affected(mut self, rows: u64) -> Self {
        self.affected = rows;
        self
    }

    /// It is over.
    pub fn finish(mut self, success: bool) {
        self.end(if success {
            CallStatus::Success
        } else {
            CallStatus::Error
        });
    }

    fn end(&mut self, status: CallStatus) {
        self.finished = true;
        let elapsed = Moment::now().since(self.begun);
        let Self {
            recorder,
            operation,
            table,
            returned,
            affected,
            ..
        } = self;
        recorder.database_query(*operation, table, status, elapsed);
        let database = &recorder.catalog().database;
        if *returned > 0 {
            database
                .rows_returned_total
                .inc_by(&TableLabelsRef { table }, *returned);
        }
        if *affected > 0 {
            database
                .rows_affected_total
                .inc_by(&TableLabelsRef { table }, *affected);
        }
    }
}

impl Drop for DatabaseQuery<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.end(CallStatus::Error);
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
        database.queries_total.inc(&QueryLabelsRef {
            operation,
            table,
            status,
        });
        database
            .query_duration_seconds
            .observe(&statement, duration);
        if duration > self.settings().slow_query.as_secs_f64() {
            database.slow_queries_total.inc(&statement);
        }
    }

    /// How many connections of a pool are lent out, how many wait in it, and how many it may open.
    pub fn database_connections(&self, pool: &str, active: u32, idle: u32, size: u32) {
        let database = &self.catalog().database;
        let pool = PoolLabelsRef { pool };
        database.connections_active.set(&pool, f64::from(active));
        database.connections_idle.set(&pool, f64::from(idle));
        database.connection_pool_size.set(&pool, f64::from(size));
    }
}
