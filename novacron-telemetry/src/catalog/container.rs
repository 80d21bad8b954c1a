//! Containers on the host.
//!
//! A container that is gone takes its series with it.

use std::sync::Arc;

use super::labels::{Access, Flow};
use super::system::{PressureKind, PressureResource};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Absolute, Collected, Gauge};
use crate::registry::MetricGroup;

/// Containers on the host.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Collector("containers"))]
pub struct ContainerMetrics {
    /// Restarts per container.
    #[metric(
        literal = "novacron_container_restart_total",
        reason = "a singular noun; the prefixed form of a name that is promised literally",
        unit = "restarts"
    )]
    pub container_restart_total: Collected<ContainerLabels, Absolute>,

    /// Containers by runtime and state.
    #[metric(unit = "containers")]
    pub containers: Collected<ContainerStateLabels, Gauge>,

    /// 1 while the container runs.
    pub container_up: Collected<ContainerLabels, Gauge>,

    /// CPU time used by a container.
    #[metric(unit = Seconds)]
    pub container_cpu_seconds_total: Collected<ContainerLabels, Absolute>,

    /// Memory used by a container.
    #[metric(unit = Bytes)]
    pub container_memory_usage_bytes: Collected<ContainerLabels, Gauge>,

    /// Memory limit of a container; +Inf when unlimited.
    #[metric(unit = Bytes)]
    pub container_memory_limit_bytes: Collected<ContainerLabels, Gauge>,

    /// Bytes passed by a container.
    #[metric(unit = Bytes)]
    pub container_network_bytes_total: Collected<ContainerTrafficLabels, Absolute>,

    /// Bytes that a container wrote over its image, as its runtime measures them from time to time.
    #[metric(unit = Bytes)]
    pub container_filesystem_usage_bytes: Collected<ContainerLabels, Gauge>,

    /// Unix time the container started.
    #[metric(unit = Seconds)]
    pub container_start_time_seconds: Collected<ContainerLabels, Gauge>,

    /// Out-of-memory kills.
    #[metric(unit = "kills")]
    pub container_oom_kills_total: Collected<ContainerLabels, Absolute>,

    /// Constant 1 with a container's short id and image.
    pub container_info: Collected<ContainerInfoLabels, Gauge>,

    /// 1 while the health check of a container holds, 0 while it fails; absent without one.
    pub container_healthy: Collected<ContainerLabels, Gauge>,

    /// Processors' worth of time that a container may use; +Inf when unlimited.
    #[metric(unit = "cores")]
    pub container_cpu_limit_cores: Collected<ContainerLabels, Gauge>,

    /// Periods in which a container's limit of CPU time was enforced.
    #[metric(unit = "periods")]
    pub container_cpu_periods_total: Collected<ContainerLabels, Absolute>,

    /// Periods in which a container was kept waiting, its CPU time used up.
    #[metric(unit = "periods")]
    pub container_cpu_throttled_periods_total: Collected<ContainerLabels, Absolute>,

    /// Time a container was kept waiting, its CPU time used up.
    #[metric(unit = Seconds)]
    pub container_cpu_throttled_seconds_total: Collected<ContainerLabels, Absolute>,

    /// Memory of a container without what the kernel would drop first.
    #[metric(unit = Bytes)]
    pub container_memory_working_set_bytes: Collected<ContainerLabels, Gauge>,

    /// Swap used by a container.
    #[metric(unit = Bytes)]
    pub container_memory_swap_bytes: Collected<ContainerLabels, Gauge>,

    /// Times a container came to one of its bounds of memory.
    #[metric(unit = "events")]
    pub container_memory_events_total: Collected<ContainerMemoryEventLabels, Absolute>,

    /// Processes and threads of a container.
    #[metric(unit = "tasks")]
    pub container_tasks: Collected<ContainerLabels, Gauge>,

    /// Processes and threads that a container may have; +Inf when unlimited.
    #[metric(unit = "tasks")]
    pub container_tasks_limit: Collected<ContainerLabels, Gauge>,

    /// Bytes that a container moved at block devices.
    #[metric(unit = Bytes)]
    pub container_io_bytes_total: Collected<ContainerIoLabels, Absolute>,

    /// Requests of a container to block devices.
    #[metric(unit = "operations")]
    pub container_io_operations_total: Collected<ContainerIoLabels, Absolute>,

    /// Packets passed by a container.
    #[metric(unit = "packets")]
    pub container_network_packets_total: Collected<ContainerTrafficLabels, Absolute>,

    /// Packets of a container that were damaged.
    #[metric(unit = "errors")]
    pub container_network_errors_total: Collected<ContainerTrafficLabels, Absolute>,

    /// Packets of a container that found no room.
    #[metric(unit = "packets")]
    pub container_network_drops_total: Collected<ContainerTrafficLabels, Absolute>,

    /// Time tasks of a container stalled on a resource (PSI).
    #[metric(unit = Seconds)]
    pub container_pressure_stall_seconds_total: Collected<ContainerPressureLabels, Absolute>,
}

/// Which container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ContainerLabels {
    pub name: ContainerName,
    pub runtime: ContainerRuntime,
}

/// In which state, by runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ContainerStateLabels {
    pub runtime: ContainerRuntime,
    pub state: ContainerState,
}

/// Which container, and which way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ContainerTrafficLabels {
    pub name: ContainerName,
    pub runtime: ContainerRuntime,
    pub direction: Flow,
}

/// What a container is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ContainerInfoLabels {
    pub name: ContainerName,
    pub runtime: ContainerRuntime,
    pub container_id: ContainerId,
    pub image: ContainerImage,
}

/// Which bound of memory a container came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ContainerMemoryEventLabels {
    pub name: ContainerName,
    pub runtime: ContainerRuntime,
    pub event: MemoryEvent,
}

/// What a container did to block devices.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ContainerIoLabels {
    pub name: ContainerName,
    pub runtime: ContainerRuntime,
    pub direction: Access,
}

/// What a container waited for, and whether all of it did.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ContainerPressureLabels {
    pub name: ContainerName,
    pub runtime: ContainerRuntime,
    pub resource: PressureResource,
    pub kind: PressureKind,
}

/// Name of a container; its short id where no runtime names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 1000)]
pub struct ContainerName(Arc<str>);

/// The first 12 digits of a container's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 1000)]
pub struct ContainerId(Arc<str>);

/// Image a container was made from, as its runtime spells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 1000)]
pub struct ContainerImage(Arc<str>);

/// A bound of memory that a container came to: `low` was protected and reclaimed all the same,
/// `high` was slowed down, `max` found its limit, `oom` could not be helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum MemoryEvent {
    Low,
    High,
    Max,
    Oom,
}

/// Container runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum ContainerRuntime {
    Docker,
    Podman,
    Containerd,
    Crio,
    Lxc,
    Bolt,
    #[label(other)]
    Unknown,
}

/// State of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum ContainerState {
    Created,
    Running,
    Paused,
    Restarting,
    Exited,
    Dead,
    #[label(other)]
    Unknown,
}
