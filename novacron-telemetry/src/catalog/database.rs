//! Statements, pools, transactions, replicas.

use std::sync::Arc;

use super::labels::{CallStatus, Pool};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, buckets};
use crate::registry::MetricGroup;

/// Work done in databases.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_database", writer = Verb("record_database_query"))]
pub struct DatabaseMetrics {
    /// Database statements finished.
    #[metric(unit = "queries")]
    pub queries_total: Family<QueryLabels, Counter>,

    /// Statement latency.
    #[metric(unit = Seconds, buckets = buckets::DATABASE, joined, exemplars)]
    pub query_duration_seconds: Family<StatementLabels, Histogram>,

    /// Connections lent out by the pool.
    #[metric(unit = "connections", joined, writer = Verb("update_database_connections"))]
    pub connections_active: Family<PoolLabels, Gauge>,

    /// Largest number of connections the pool may open.
    #[metric(unit = "connections", joined, writer = Verb("update_database_connections"))]
    pub connection_pool_size: Family<PoolLabels, Gauge>,

    /// Connections waiting in the pool.
    #[metric(unit = "connections", joined, writer = Verb("update_database_connections"))]
    pub connections_idle: Family<PoolLabels, Gauge>,

    /// Time callers waited for a connection.
    #[metric(unit = Seconds, buckets = buckets::DATABASE, joined, writer = Verb("record_database_wait"))]
    pub connection_wait_seconds: Family<PoolLabels, Histogram>,

    /// Callers that gave up waiting for a connection.
    #[metric(unit = "timeouts", joined, writer = Verb("record_database_wait"))]
    pub connection_timeouts_total: Family<PoolLabels, Counter>,

    /// Failed attempts to open a connection.
    #[metric(unit = "errors", joined, writer = Verb("record_database_connection_error"))]
    pub connection_errors_total: Family<PoolLabels, Counter>,

    /// Statements slower than the configured threshold (50 ms by default).
    #[metric(unit = "queries", joined)]
    pub slow_queries_total: Family<StatementLabels, Counter>,

    /// Transactions ended, by commit or rollback.
    #[metric(unit = "transactions", writer = Verb("record_database_transaction"))]
    pub transactions_total: Family<OutcomeLabels, Counter>,

    /// Transaction length.
    #[metric(unit = Seconds, buckets = buckets::DATABASE, writer = Verb("record_database_transaction"))]
    pub transaction_duration_seconds: Histogram,

    /// Rows read by statements.
    #[metric(unit = "rows", writer = Verb("DatabaseQuery"))]
    pub rows_returned_total: Family<TableLabels, Counter>,

    /// Rows changed by statements.
    #[metric(unit = "rows", writer = Verb("DatabaseQuery"))]
    pub rows_affected_total: Family<TableLabels, Counter>,

    /// Delay of a replica behind its primary.
    #[metric(unit = Seconds, writer = Verb("update_database_replication_lag"))]
    pub replication_lag_seconds: Family<ReplicaLabels, Gauge>,

    /// Query or object cache hits.
    #[metric(unit = "lookups", joined, writer = Verb("record_database_cache"))]
    pub cache_hits_total: Family<CacheLabels, Counter>,

    /// Query or object cache misses.
    #[metric(unit = "lookups", joined, writer = Verb("record_database_cache"))]
    pub cache_misses_total: Family<CacheLabels, Counter>,

    /// Deadlocks reported by the database.
    #[metric(unit = "deadlocks", writer = Verb("record_database_deadlock"))]
    pub deadlocks_total: Counter,

    /// 1 when the last probe of the database succeeded.
    #[metric(writer = Verb("update_database_up"))]
    pub up: Family<PoolLabels, Gauge>,
}

/// What a statement did, and whether it worked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct QueryLabels {
    pub operation: DbOperation,
    pub table: Table,
    pub status: CallStatus,
}

/// What a statement did, and to which table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StatementLabels {
    pub operation: DbOperation,
    pub table: Table,
}

/// Which connection pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PoolLabels {
    pub pool: Pool,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct OutcomeLabels {
    pub outcome: TransactionOutcome,
}

/// Which table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct TableLabels {
    pub table: Table,
}

/// Which replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ReplicaLabels {
    pub replica: Replica,
}

/// Which cache.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CacheLabels {
    pub cache: Cache,
}

/// Kind of a database statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(rename_all = "SCREAMING_SNAKE_CASE", ignore_case)]
pub enum DbOperation {
    Select,
    Insert,
    Update,
    Delete,
    Upsert,
    Begin,
    Commit,
    Rollback,
    Ddl,
    #[label(other)]
    Other,
}

/// Name of a database table; never taken from statement text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 100)]
pub struct Table(Arc<str>);

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum TransactionOutcome {
    Commit,
    Rollback,
}

/// Name of a replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
pub struct Replica(Arc<str>);

/// Name of a cache, from configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
pub struct Cache(Arc<str>);
