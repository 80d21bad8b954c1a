//! Sensors, power supplies, disks, memory and virtualization features of the host.

use std::sync::Arc;

use super::labels::{Device, EccKind, Interface};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Absolute, Collected, Gauge};
use crate::registry::MetricGroup;

/// Sensors, power supplies, disks and memory of the host.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_hardware", writer = Collector("sensors"))]
pub struct HardwareMetrics {
    /// Board or CPU sensor temperature.
    #[metric(unit = Celsius)]
    pub temperature_celsius: Collected<SensorLabels, Gauge>,

    /// Fan speed.
    #[metric(unit = "rpm")]
    pub fan_rpm: Collected<SensorLabels, Gauge>,

    /// 1 while a power supply is good.
    pub power_supply_up: Collected<SensorLabels, Gauge>,

    /// 1 while SMART reports the disk healthy.
    #[metric(writer = Collector("smart"))]
    pub disk_health: Collected<DeviceLabels, Gauge>,

    /// 1 while a physical NIC has link.
    pub nic_up: Collected<InterfaceLabels, Gauge>,

    /// Memory errors reported by EDAC.
    #[metric(writer = Collector("edac"), unit = "errors")]
    pub memory_errors_total: Collected<MemoryErrorLabels, Absolute>,

    /// IOMMU groups present; 0 when the IOMMU is off.
    #[metric(writer = Collector("platform"), unit = "groups")]
    pub iommu_groups: Gauge,

    /// Temperature at which a sensor's part is in danger.
    #[metric(unit = Celsius)]
    pub temperature_critical_celsius: Collected<SensorLabels, Gauge>,

    /// Power that a part draws, as its sensor has it.
    #[metric(unit = Watts)]
    pub power_watts: Collected<SensorLabels, Gauge>,

    /// Energy used by a zone of the processors (RAPL), across the wraps of its counter.
    #[metric(writer = Collector("power"), unit = Joules)]
    pub energy_joules_total: Collected<ZoneLabels, Absolute>,

    /// Memory errors by controller, to find the modules they come from.
    #[metric(writer = Collector("edac"), unit = "errors")]
    pub memory_controller_errors_total: Collected<ControllerLabels, Absolute>,

    /// Temperature of a disk, as SMART has it.
    #[metric(writer = Collector("smart"), unit = Celsius)]
    pub disk_temperature_celsius: Collected<DeviceLabels, Gauge>,

    /// Time a disk has been powered in its life.
    #[metric(writer = Collector("smart"), unit = Seconds)]
    pub disk_power_on_seconds_total: Collected<DeviceLabels, Absolute>,

    /// Share of its rated endurance that a disk has used; may pass 1.
    #[metric(writer = Collector("smart"), unit = Ratio)]
    pub disk_wear_ratio: Collected<DeviceLabels, Gauge>,

    /// Errors in a disk's medium that it could not hide.
    #[metric(writer = Collector("smart"), unit = "errors")]
    pub disk_media_errors_total: Collected<DeviceLabels, Absolute>,

    /// Sectors that a disk has replaced by spare ones.
    #[metric(writer = Collector("smart"), unit = "sectors")]
    pub disk_reallocated_sectors: Collected<DeviceLabels, Gauge>,

    /// Virtual functions that are switched on, by physical function.
    #[metric(writer = Collector("platform"), unit = "functions")]
    pub sriov_vfs: Collected<DeviceLabels, Gauge>,

    /// Virtual functions that a physical function can have.
    #[metric(writer = Collector("platform"), unit = "functions")]
    pub sriov_vfs_limit: Collected<DeviceLabels, Gauge>,

    /// 1 while the kernel calls the CPUs vulnerable; 0 when they are not affected or mitigated.
    #[metric(writer = Collector("platform"))]
    pub cpu_vulnerable: Collected<VulnerabilityLabels, Gauge>,
}

/// Which sensor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SensorLabels {
    pub sensor: Sensor,
}

/// Which disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DeviceLabels {
    pub device: Device,
}

/// Which physical interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct InterfaceLabels {
    pub interface: Interface,
}

/// Which memory errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MemoryErrorLabels {
    pub kind: EccKind,
}

/// Which energy zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ZoneLabels {
    pub zone: Zone,
}

/// Which memory errors of which controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ControllerLabels {
    pub controller: Controller,
    pub kind: EccKind,
}

/// Which CPU vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct VulnerabilityLabels {
    pub vulnerability: Vulnerability,
}

/// Name of an energy zone, such as `package-0` or `package-0/dram`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 128)]
pub struct Zone(Arc<str>);

/// Name of a memory controller, such as `mc0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Controller(Arc<str>);

/// Name of a CPU vulnerability, as the kernel spells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Vulnerability(Arc<str>);

/// Name of a sensor: chip, device and channel, such as `coretemp/coretemp.0/Core 0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 256)]
pub struct Sensor(Arc<str>);
