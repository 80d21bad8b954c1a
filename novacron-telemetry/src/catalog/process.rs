//! Build, process and runtime of the program that embeds the library.
//!
//! Process numbers come from `/proc/self`; where there is none, the series are absent.

use std::sync::Arc;

use super::labels::{GitSha, RustVersion, Version};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Absolute, Family, Gauge, Histogram, buckets};
use crate::registry::MetricGroup;

/// Build, process and runtime.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Library)]
pub struct ProcessMetrics {
    /// Constant 1 with the host's build identity.
    pub build_info: Family<BuildLabels, Gauge>,

    /// CPU time used by the process.
    #[metric(unit = Seconds)]
    pub process_cpu_seconds_total: Absolute,

    /// Resident memory of the process.
    #[metric(unit = Bytes)]
    pub process_resident_memory_bytes: Gauge,

    /// File descriptors open.
    #[metric(unit = "descriptors")]
    pub process_open_fds: Gauge,

    /// File descriptor limit.
    #[metric(unit = "descriptors")]
    pub process_max_fds: Gauge,

    /// Operating-system threads.
    #[metric(unit = "threads")]
    pub process_threads: Gauge,

    /// Unix time the process started.
    #[metric(unit = Seconds)]
    pub process_start_time_seconds: Gauge,

    /// Asynchronous tasks alive (analogue of go_goroutines).
    #[metric(unit = "tasks")]
    pub runtime_tasks_alive: Gauge,

    /// Async runtime worker threads.
    #[metric(unit = "threads")]
    pub runtime_workers: Gauge,

    /// Time async workers were busy.
    #[metric(unit = Seconds)]
    pub runtime_busy_seconds_total: Absolute,

    /// Delay of a periodic probe task (analogue of GC pauses).
    #[metric(unit = Seconds, buckets = buckets::SELF)]
    pub runtime_poll_lag_seconds: Histogram,

    /// Heap bytes live per the allocator, when it can tell.
    #[metric(unit = Bytes)]
    pub runtime_allocated_bytes: Gauge,
}

/// What the program was built from, and which part of the system it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct BuildLabels {
    pub version: Version,
    pub git_sha: GitSha,
    pub rust_version: RustVersion,
    pub component: BuildComponent,
}

/// Component name that the host gives at start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 4)]
pub struct BuildComponent(Arc<str>);
