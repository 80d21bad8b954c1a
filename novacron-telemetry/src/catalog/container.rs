//! Containers on the host.
//!
//! A container that is gone takes its series with it.

use std::sync::Arc;

use super::labels::Flow;
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

    /// Writable layer and volume use.
    #[metric(unit = Bytes)]
    pub container_filesystem_usage_bytes: Collected<ContainerLabels, Gauge>,

    /// Unix time the container started.
    #[metric(unit = Seconds)]
    pub container_start_time_seconds: Collected<ContainerLabels, Gauge>,

    /// Out-of-memory kills.
    #[metric(unit = "kills")]
    pub container_oom_kills_total: Collected<ContainerLabels, Absolute>,
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

/// Name of a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 1000)]
pub struct ContainerName(Arc<str>);

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
