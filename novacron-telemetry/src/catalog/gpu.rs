//! GPUs of the host.

use std::sync::Arc;

use super::labels::{EccKind, Flow, GpuId};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Absolute, Collected, Gauge};
use crate::registry::MetricGroup;

/// GPUs of the host.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_gpu", writer = Collector("gpu"))]
pub struct GpuMetrics {
    /// GPU busy share, 0 to 1.
    #[metric(unit = Ratio)]
    pub utilization_ratio: Collected<GpuLabels, Gauge>,

    /// GPU memory in use.
    #[metric(unit = Bytes)]
    pub memory_used_bytes: Collected<GpuLabels, Gauge>,

    /// GPU memory installed.
    #[metric(unit = Bytes)]
    pub memory_size_bytes: Collected<GpuLabels, Gauge>,

    /// GPU core temperature.
    #[metric(unit = Celsius)]
    pub temperature_celsius: Collected<GpuLabels, Gauge>,

    /// GPU power draw.
    #[metric(unit = Watts)]
    pub power_watts: Collected<GpuLabels, Gauge>,

    /// Energy used by the GPU since driver load.
    #[metric(unit = Joules)]
    pub energy_joules_total: Collected<GpuLabels, Absolute>,

    /// Fan speed share, 0 to 1.
    #[metric(unit = Ratio)]
    pub fan_speed_ratio: Collected<GpuLabels, Gauge>,

    /// GPU clock frequency.
    #[metric(unit = Hertz)]
    pub clock_hertz: Collected<GpuClockLabels, Gauge>,

    /// ECC errors, corrected or not.
    #[metric(unit = "errors")]
    pub ecc_errors_total: Collected<GpuEccLabels, Absolute>,

    /// PCIe traffic of the GPU.
    #[metric(unit = Bytes)]
    pub pcie_bytes_total: Collected<GpuTrafficLabels, Absolute>,

    /// Processes using the GPU.
    #[metric(unit = "processes")]
    pub processes: Collected<GpuLabels, Gauge>,

    /// 1 while the GPU is bound to vfio-pci for a guest.
    pub passthrough: Collected<GpuLabels, Gauge>,

    /// Constant 1 with GPU identity.
    pub info: Collected<GpuInfoLabels, Gauge>,
}

/// Which GPU.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GpuLabels {
    pub gpu_id: GpuId,
}

/// Which clock of a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GpuClockLabels {
    pub gpu_id: GpuId,
    pub clock: GpuClock,
}

/// Which memory errors of a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GpuEccLabels {
    pub gpu_id: GpuId,
    pub kind: EccKind,
}

/// Which way data went, as the GPU sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GpuTrafficLabels {
    pub gpu_id: GpuId,
    pub direction: Flow,
}

/// What a GPU is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GpuInfoLabels {
    pub gpu_id: GpuId,
    pub model: GpuModel,
    pub driver_version: DriverVersion,
}

/// Clock domain of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum GpuClock {
    Graphics,
    Sm,
    Memory,
    Video,
}

/// Product name of a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 16)]
pub struct GpuModel(Arc<str>);

/// Version of a driver.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 8)]
pub struct DriverVersion(Arc<str>);
