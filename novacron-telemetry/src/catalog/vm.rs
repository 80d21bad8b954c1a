//! What is done to VMs, written by the program that does it.
//!
//! What VMs themselves do is in [`guest`](super::guest), written by the collector that watches.

use super::labels::{
    ErrorReason, MigrationError, MigrationStatus, OperationStatus, Provider, ProviderType, VmState,
};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, buckets};
use crate::registry::MetricGroup;

/// What is done to VMs.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_vm", writer = Verb("record_vm_operation"))]
pub struct VmMetrics {
    /// VMs known to this process, by state.
    #[metric(literal = "novacron_vms_total", reason = "promised literally; dashboards in use query it", unit = "VMs", writer = Verb("update_vm_count"))]
    pub vms_total: Family<VmStateLabels, Gauge>,

    /// VM operations finished.
    #[metric(unit = "operations")]
    pub operations_total: Family<VmOperationLabels, Counter>,

    /// Duration of VM operations, creation included.
    #[metric(unit = Seconds, buckets = buckets::VM_OPERATION, exemplars)]
    pub operation_duration_seconds: Family<VmOperationTimeLabels, Histogram>,

    /// VM creations that failed.
    #[metric(unit = "failures")]
    pub creation_failures_total: Family<CreationFailureLabels, Counter>,

    /// VM migrations finished over any transport.
    #[metric(unit = "migrations", writer = Verb("record_vm_migration"))]
    pub migrations_total: Family<VmMigrationLabels, Counter>,

    /// VM migrations that failed.
    #[metric(unit = "failures", writer = Verb("record_vm_migration"))]
    pub migration_failures_total: Family<VmMigrationErrorLabels, Counter>,

    /// Duration of VM migrations over any transport.
    #[metric(unit = Seconds, buckets = buckets::MIGRATION, writer = Verb("record_vm_migration"))]
    pub migration_duration_seconds: Family<MigrationTypeLabels, Histogram>,

    /// Lifecycle state changes.
    #[metric(unit = "transitions", writer = Verb("record_vm_transition"))]
    pub state_transitions_total: Family<TransitionLabels, Counter>,

    /// Lifecycle events observed.
    #[metric(unit = "events", writer = Verb("record_vm_event"))]
    pub events_total: Family<EventLabels, Counter>,

    /// VM reconfigurations finished.
    #[metric(unit = "operations", writer = Verb("record_vm_reconfigure"))]
    pub reconfigure_total: Family<ProviderOutcomeLabels, Counter>,

    /// Snapshot operations finished.
    #[metric(unit = "operations", writer = Verb("record_vm_snapshot"))]
    pub snapshot_total: Family<SnapshotLabels, Counter>,

    /// Clone operations finished.
    #[metric(unit = "operations", writer = Verb("record_vm_clone"))]
    pub clone_total: Family<CloneLabels, Counter>,

    /// Image preparations finished.
    #[metric(unit = "operations", writer = Verb("record_image_prepare"))]
    pub image_prepare_total: Family<ProviderOutcomeLabels, Counter>,
}

/// Which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct VmStateLabels {
    pub state: VmState,
}

/// What was done to a VM, by which provider, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct VmOperationLabels {
    pub operation: VmOperation,
    pub status: OperationStatus,
    pub provider_type: Option<ProviderType>,
    pub provider: Option<Provider>,
}

/// What was done to a VM, by which kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct VmOperationTimeLabels {
    pub operation: VmOperation,
    pub provider_type: Option<ProviderType>,
}

/// Why a VM was not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CreationFailureLabels {
    pub reason: ErrorReason,
}

/// How a migration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct VmMigrationLabels {
    pub migration_type: MigrationType,
    pub status: MigrationStatus,
}

/// Why a migration failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct VmMigrationErrorLabels {
    pub reason: MigrationError,
}

/// Which kind of migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MigrationTypeLabels {
    pub migration_type: MigrationType,
}

/// From which state to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct TransitionLabels {
    pub from_state: VmState,
    pub to_state: VmState,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct EventLabels {
    pub event: VmEvent,
}

/// How an operation ended, by kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ProviderOutcomeLabels {
    pub provider_type: Option<ProviderType>,
    pub outcome: OperationStatus,
}

/// What was done with a snapshot, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SnapshotLabels {
    pub action: SnapshotAction,
    pub provider_type: Option<ProviderType>,
    pub outcome: OperationStatus,
}

/// Whether a clone shares its parent's disk, and how cloning ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CloneLabels {
    pub linked: bool,
    pub provider_type: Option<ProviderType>,
    pub outcome: OperationStatus,
}

/// What is done to a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(ignore_case)]
pub enum VmOperation {
    Create,
    Start,
    Stop,
    Delete,
    Restart,
    Pause,
    Resume,
    Power,
    Describe,
    Reconfigure,
    Snapshot,
    Clone,
    Migrate,
    ImagePrepare,
    HardwareUpgrade,
}

/// Kind of a VM migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum MigrationType {
    Live,
    Cold,
    Storage,
}

/// What happened to a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum VmEvent {
    Created,
    Started,
    Stopped,
    Deleted,
    Paused,
    Resumed,
    Migrated,
    Crashed,
    Rebooted,
    Reconfigured,
    Snapshotted,
    Cloned,
}

/// What is done with a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum SnapshotAction {
    Create,
    Delete,
    Revert,
}
