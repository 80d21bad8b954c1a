//! Reconcile loops and their queues.

use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, UpDownGauge, buckets};
use crate::registry::MetricGroup;

/// Reconcile loops and their queues.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Verb("WorkQueue"))]
pub struct ReconcileMetrics {
    /// Reconcile loops finished.
    #[metric(unit = "reconciles", writer = Verb("Reconcile"))]
    pub manager_reconcile_total: Family<ReconcileLabels, Counter>,

    /// Time spent in a reconcile loop.
    #[metric(unit = Seconds, buckets = buckets::RECONCILE, writer = Verb("Reconcile"))]
    pub manager_reconcile_duration_seconds: Family<KindLabels, Histogram>,

    /// Items waiting per resource kind.
    #[metric(unit = "items")]
    pub queue_depth: Family<KindLabels, Gauge>,

    /// Items put on a queue.
    #[metric(unit = "items")]
    pub queue_adds_total: Family<KindLabels, Counter>,

    /// Items put back after an error.
    #[metric(unit = "items")]
    pub queue_retries_total: Family<KindLabels, Counter>,

    /// Time an item waited.
    #[metric(unit = Seconds, buckets = buckets::RECONCILE)]
    pub queue_wait_seconds: Family<KindLabels, Histogram>,

    /// Items taken off and finished.
    #[metric(unit = "items")]
    pub queue_processed_total: Family<KindLabels, Counter>,

    /// Age of the oldest waiting item.
    #[metric(unit = Seconds)]
    pub queue_oldest_item_age_seconds: Family<KindLabels, Gauge>,

    /// Workers handling an item.
    #[metric(unit = "workers")]
    pub queue_workers_busy: Family<KindLabels, UpDownGauge>,

    /// 1 while this manager holds leadership.
    #[metric(writer = Verb("update_leader"))]
    pub manager_leader: Gauge,
}

/// How a loop over a kind of resource ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ReconcileLabels {
    pub kind: ResourceKind,
    pub outcome: ReconcileOutcome,
}

/// Which kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct KindLabels {
    pub kind: ResourceKind,
}

/// Kind of a reconciled resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum ResourceKind {
    #[label(rename = "VirtualMachine")]
    VirtualMachine,
    #[label(rename = "VMClass")]
    VmClass,
    #[label(rename = "VMImage")]
    VmImage,
    #[label(rename = "VMNetworkAttachment")]
    VmNetworkAttachment,
    #[label(rename = "VMSnapshot")]
    VmSnapshot,
    #[label(rename = "VMClone")]
    VmClone,
    #[label(rename = "VMMigration")]
    VmMigration,
    #[label(rename = "VMSet")]
    VmSet,
    #[label(rename = "VMAdoption")]
    VmAdoption,
    #[label(rename = "VMPlacementPolicy")]
    VmPlacementPolicy,
    #[label(rename = "Provider")]
    Provider,
}

/// How a reconcile loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum ReconcileOutcome {
    Success,
    Failure,
    #[label(other)]
    Error,
    Requeue,
}
