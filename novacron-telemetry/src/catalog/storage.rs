//! Storage pools and volumes.

use super::labels::{Access, CallResult, Pool};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, buckets};
use crate::registry::MetricGroup;

/// Storage pools and volumes.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_storage", writer = Verb("update_storage_pool"))]
pub struct StorageMetrics {
    /// Size of a storage pool.
    #[metric(unit = Bytes)]
    pub pool_capacity_bytes: Family<StoragePoolLabels, Gauge>,

    /// Space used in a storage pool.
    #[metric(unit = Bytes)]
    pub pool_used_bytes: Family<StoragePoolLabels, Gauge>,

    /// Volume operations finished.
    #[metric(unit = "operations", writer = Verb("record_storage_operation"))]
    pub operations_total: Family<StorageOperationLabels, Counter>,

    /// Volume operation latency.
    #[metric(unit = Seconds, buckets = buckets::STAGE, writer = Verb("record_storage_operation"))]
    pub operation_duration_seconds: Family<StorageTimeLabels, Histogram>,

    /// Bytes read from or written to a pool.
    #[metric(unit = Bytes, writer = Verb("record_storage_transfer"))]
    pub transferred_bytes_total: Family<StorageTransferLabels, Counter>,

    /// Logical bytes divided by stored bytes.
    #[metric(unit = Ratio)]
    pub deduplication_ratio: Family<StoragePoolLabels, Gauge>,
}

/// Which storage pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StoragePoolLabels {
    pub pool: Pool,
}

/// What was done in a pool, and whether it worked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StorageOperationLabels {
    pub pool: Pool,
    pub operation: StorageOperation,
    pub result: CallResult,
}

/// What was done in a pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StorageTimeLabels {
    pub pool: Pool,
    pub operation: StorageOperation,
}

/// Which pool, and which way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct StorageTransferLabels {
    pub pool: Pool,
    pub direction: Access,
}

/// What is done to a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum StorageOperation {
    Create,
    Delete,
    Resize,
    Clone,
    Snapshot,
    Attach,
    Detach,
}
