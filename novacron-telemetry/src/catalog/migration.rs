//! Migrations over DWCP: how many, how they ended, how long and how much, and whether they will end.

use std::sync::Arc;

use super::dwcp::DwcpMode;
use super::labels::{Direction, MigrationError, MigrationStatus};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, UpDownGauge, buckets};
use crate::registry::MetricGroup;

/// Migrations over DWCP.
///
/// Three sums hold at every scrape: what was started is what ended and what is in flight; the
/// phases of a migration that names them add up to its duration; a pause is never longer than the
/// stop-and-copy that it lies in.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_dwcp", writer = Verb("Migration"))]
pub struct MigrationMetrics {
    /// Finished VM migrations over DWCP.
    #[metric(unit = "migrations")]
    pub migrations_total: Family<MigrationLabels, Counter>,

    /// Wall time of a finished migration.
    #[metric(unit = Seconds, buckets = buckets::MIGRATION, joined, exemplars)]
    pub migration_duration_seconds: Family<NodePairLabels, Histogram>,

    /// Migrations that began.
    #[metric(unit = "migrations")]
    pub migrations_started_total: Counter,

    /// Migrations running now.
    #[metric(unit = "migrations")]
    pub migrations_in_flight: Family<AnyModeLabels, UpDownGauge>,

    /// Migrations that ended, by the phase they were in; without a phase if none was named.
    #[metric(unit = "migrations")]
    pub migrations_ended_total: Family<EndLabels, Counter>,

    /// Migrations that failed, by the phase they were in and what went wrong.
    #[metric(unit = "failures")]
    pub migration_failures_total: Family<PhaseErrorLabels, Counter>,

    /// Payload bytes moved by migrations.
    #[metric(unit = Bytes)]
    pub transferred_bytes_total: Family<TransferLabels, Counter>,

    /// Mean transfer rate of each finished migration.
    #[metric(unit = BytesPerSecond, buckets = buckets::RATE)]
    pub migration_throughput_bytes_per_second: Family<AnyModeLabels, Histogram>,

    /// Guest pause during switch-over.
    #[metric(unit = Seconds, buckets = buckets::DOWNTIME)]
    pub migration_downtime_seconds: Family<AnyModeLabels, Histogram>,

    /// Time spent in each migration phase.
    #[metric(unit = Seconds, buckets = buckets::MIGRATION)]
    pub migration_phase_duration_seconds: Family<PhaseLabels, Histogram>,

    /// Pre-copy rounds of each finished migration that had any.
    #[metric(unit = "rounds", buckets = buckets::ROUNDS)]
    pub migration_rounds: Histogram,

    /// Time that a pre-copy round took.
    #[metric(unit = Seconds, buckets = buckets::STAGE)]
    pub migration_round_duration_seconds: Histogram,

    /// Migration attempts that were retried.
    #[metric(unit = "retries")]
    pub migration_retries_total: Family<RetryLabels, Counter>,

    /// Errors met during migrations, including recovered ones.
    #[metric(unit = "errors")]
    pub migration_errors_total: Family<MigrationErrorLabels, Counter>,

    /// Memory that running migrations copied in their last round, before encoding.
    #[metric(unit = BytesPerSecond, joined)]
    pub migration_copy_bytes_per_second: Family<NodePairLabels, Gauge>,

    /// Memory that guests dirtied in the last round of running migrations.
    #[metric(unit = BytesPerSecond, joined)]
    pub migration_dirty_bytes_per_second: Family<NodePairLabels, Gauge>,

    /// 1 if the pre-copy of running migrations will end, 0 if that of one of them will not; absent while unknown.
    #[metric(joined)]
    pub migration_converging: Family<NodePairLabels, Gauge>,

    /// Time until the pre-copy of running migrations ends; absent while unknown, and if it will not.
    #[metric(unit = Seconds, joined)]
    pub migration_remaining_seconds: Family<NodePairLabels, Gauge>,
}

/// Between which nodes a migration ran, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MigrationLabels {
    pub source: Node,
    pub destination: Node,
    pub status: MigrationStatus,
}

/// Between which nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct NodePairLabels {
    pub source: Node,
    pub destination: Node,
}

/// In which network mode, if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct AnyModeLabels {
    pub mode: Option<DwcpMode>,
}

/// In which phase a migration ended, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct EndLabels {
    pub phase: Option<MigrationPhase>,
    pub status: MigrationStatus,
}

/// In which phase a migration failed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PhaseErrorLabels {
    pub phase: Option<MigrationPhase>,
    pub error_type: MigrationError,
}

/// In which mode, if that is known, and which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct TransferLabels {
    pub mode: Option<DwcpMode>,
    pub direction: Direction,
}

/// Which phase of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PhaseLabels {
    pub phase: MigrationPhase,
}

/// Why a migration was tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RetryLabels {
    pub reason: MigrationError,
}

/// What went wrong in a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MigrationErrorLabels {
    pub error_type: MigrationError,
}

/// Name of a node that takes part in migrations.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Node(Arc<str>);

/// Phase of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum MigrationPhase {
    /// Both sides find and check each other.
    Initializing,
    /// Rounds of copying memory while the guest runs.
    PreCopy,
    /// Memory copied outside rounds: all of it in a cold migration, the rest in post-copy.
    MemoryCopy,
    /// Disks.
    DiskCopy,
    /// Stop-and-copy: from the pause of the guest until it runs on the destination.
    Downtime,
    /// The destination takes over.
    Activation,
    /// What arrived is compared with what was sent.
    Verification,
}
