//! Storage pools and volumes.

use super::current::with_current;
use crate::catalog::storage::{
    StorageOperation, StorageOperationLabelsRef, StoragePoolLabelsRef, StorageTimeLabelsRef,
    StorageTransferLabelsRef,
};
use crate::catalog::{Access, CallResult};
use crate::metric::Seconds;

/// How large a pool is and how much of it is used, in bytes; and its logical bytes divided by its
/// stored ones, if it deduplicates.
///
/// ```
/// novacron_telemetry::record::update_storage_pool("ssd", 1 << 40, 600 << 30, Some(1.4));
/// ```
pub fn update_storage_pool(pool: &str, capacity: u64, used: u64, deduplication: Option<f64>) {
    with_current(|recorder| {
        let storage = &recorder.catalog().storage;
        let pool = StoragePoolLabelsRef { pool };
        storage.pool_capacity_bytes.set(&pool, capacity as f64);
        storage.pool_used_bytes.set(&pool, used as f64);
        if let Some(ratio) = deduplication {
            storage.deduplication_ratio.set(&pool, ratio);
        }
    });
}

/// A volume was made, resized, cloned and so on: `success` or `failure`, and the time it took.
///
/// ```
/// novacron_telemetry::record::record_storage_operation("ssd", "create", "success", 0.8);
/// ```
pub fn record_storage_operation(
    pool: &str,
    operation: &str,
    result: &str,
    duration: impl Into<Seconds>,
) {
    let (result, duration) = (CallResult::from(result), duration.into());
    with_current(|recorder| {
        let Some(operation) = recorder.known(StorageOperation::parse(operation)) else {
            return;
        };
        let storage = &recorder.catalog().storage;
        let labels = |result| StorageOperationLabelsRef {
            pool,
            operation,
            result,
        };
        let both = CallResult::ALL.iter().copied().map(labels);
        storage.operations_total.inc_among(&labels(result), both);
        storage
            .operation_duration_seconds
            .observe(&StorageTimeLabelsRef { pool, operation }, duration);
    });
}

/// Bytes were read from a pool or written to it: `read` or `write`.
///
/// ```
/// novacron_telemetry::record::record_storage_transfer("ssd", "write", 1 << 20);
/// ```
pub fn record_storage_transfer(pool: &str, direction: &str, bytes: u64) {
    with_current(|recorder| {
        if let Some(direction) = recorder.known(Access::parse(direction)) {
            let transferred = &recorder.catalog().storage.transferred_bytes_total;
            transferred.inc_by(&StorageTransferLabelsRef { pool, direction }, bytes);
        }
    });
}
