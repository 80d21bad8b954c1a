//! The host machine.

use std::sync::Arc;

use super::labels::{Access, Device, Flow, Interface};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Absolute, Collected, Gauge};
use crate::registry::MetricGroup;

/// The host machine.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_system", writer = Collector("host"))]
pub struct SystemMetrics {
    /// Host CPU in use, 0 to 100, all cores.
    #[metric(literal = "novacron_system_cpu_usage_percent", reason = "already exported so; an alert compares it with a percentage", unit = Percent)]
    pub cpu_usage_percent: Gauge,

    /// Host memory in use (total minus available).
    #[metric(unit = Bytes)]
    pub memory_usage_bytes: Gauge,

    /// Space used on a file system.
    #[metric(unit = Bytes)]
    pub disk_usage_bytes: Collected<MountPointLabels, Gauge>,

    /// Bytes passed by a host interface.
    #[metric(unit = Bytes)]
    pub network_bytes_total: Collected<InterfaceLabels, Absolute>,

    /// Physical memory visible to the service.
    #[metric(literal = "novacron_host_memory_bytes", reason = "does not say that it is the total; the prefixed form of a name that is promised literally", unit = Bytes)]
    pub host_memory_bytes: Gauge,

    /// Memory obtainable without swapping.
    #[metric(unit = Bytes)]
    pub memory_available_bytes: Gauge,

    /// Swap in use.
    #[metric(unit = Bytes)]
    pub swap_used_bytes: Gauge,

    /// Size of a file system.
    #[metric(unit = Bytes)]
    pub disk_size_bytes: Collected<MountPointLabels, Gauge>,

    /// Free inodes of a file system.
    #[metric(unit = "inodes")]
    pub disk_inodes_free: Collected<MountPointLabels, Gauge>,

    /// Bytes moved by a block device.
    #[metric(unit = Bytes)]
    pub disk_io_bytes_total: Collected<DiskLabels, Absolute>,

    /// Time a block device was busy.
    #[metric(unit = Seconds)]
    pub disk_io_seconds_total: Collected<DeviceLabels, Absolute>,

    /// CPU time by core and mode.
    #[metric(unit = Seconds)]
    pub cpu_seconds_total: Collected<CpuTimeLabels, Absolute>,

    /// Logical CPUs online.
    #[metric(unit = "cores")]
    pub cpu_cores: Gauge,

    /// Run-queue average.
    #[metric(unit = "processes")]
    pub load_average: Collected<LoadLabels, Gauge>,

    /// Unix time the host booted.
    #[metric(unit = Seconds)]
    pub boot_time_seconds: Gauge,

    /// Time tasks stalled on a resource (PSI).
    #[metric(unit = Seconds)]
    pub pressure_stall_seconds_total: Collected<PressureLabels, Absolute>,

    /// Processes by state.
    #[metric(unit = "processes")]
    pub processes: Collected<ProcessStateLabels, Gauge>,

    /// File handles open on the host.
    #[metric(unit = "descriptors")]
    pub open_file_descriptors: Gauge,

    /// Packets a host interface failed to pass.
    #[metric(unit = "packets")]
    pub network_errors_total: Collected<InterfaceLabels, Absolute>,

    /// Packets a host interface dropped.
    #[metric(unit = "packets")]
    pub network_drops_total: Collected<InterfaceLabels, Absolute>,

    /// 1 when /dev/kvm can be used.
    pub kvm_available: Gauge,

    /// CPU thermal throttling events.
    #[metric(unit = "events")]
    pub thermal_throttle_total: Collected<CpuLabels, Absolute>,
}

/// Which file system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MountPointLabels {
    pub mount_point: MountPoint,
}

/// Which interface of the host, and which way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct InterfaceLabels {
    pub interface: Interface,
    pub direction: Flow,
}

/// Which block device, and which way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DiskLabels {
    pub device: Device,
    pub direction: Access,
}

/// Which block device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DeviceLabels {
    pub device: Device,
}

/// What a core spent time on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CpuTimeLabels {
    pub cpu: Cpu,
    pub mode: CpuMode,
}

/// Over which period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct LoadLabels {
    pub period: LoadPeriod,
}

/// What tasks wait for, and whether all of them do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PressureLabels {
    pub resource: PressureResource,
    pub kind: PressureKind,
}

/// In which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ProcessStateLabels {
    pub state: ProcessState,
}

/// Which core.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CpuLabels {
    pub cpu: Cpu,
}

/// Mount point of a real file system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 128)]
pub struct MountPoint(Arc<str>);

/// Index of a core.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 1024)]
pub struct Cpu(Arc<str>);

/// What a core spent time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum CpuMode {
    User,
    Nice,
    System,
    Idle,
    Iowait,
    Irq,
    Softirq,
    Steal,
    Guest,
    GuestNice,
}

/// Period of a load average.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum LoadPeriod {
    #[label(rename = "1m")]
    OneMinute,
    #[label(rename = "5m")]
    FiveMinutes,
    #[label(rename = "15m")]
    FifteenMinutes,
}

/// What tasks wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum PressureResource {
    Cpu,
    Memory,
    Io,
}

/// Whether some tasks waited or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum PressureKind {
    Some,
    Full,
}

/// State of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum ProcessState {
    Running,
    Sleeping,
    DiskSleep,
    Stopped,
    Zombie,
    Idle,
}
