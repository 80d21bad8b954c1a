//! Sensors, power supplies, disks and memory of the host.

use std::sync::Arc;

use super::labels::{Device, EccKind, Interface};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Absolute, Collected, Gauge};
use crate::registry::MetricGroup;

/// Sensors, power supplies, disks and memory of the host.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_hardware", writer = Collector("hardware"))]
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
    pub disk_health: Collected<DeviceLabels, Gauge>,

    /// 1 while a physical NIC has link.
    pub nic_up: Collected<InterfaceLabels, Gauge>,

    /// Memory errors reported by EDAC.
    #[metric(unit = "errors")]
    pub memory_errors_total: Collected<MemoryErrorLabels, Absolute>,

    /// IOMMU groups present; 0 when the IOMMU is off.
    #[metric(unit = "groups")]
    pub iommu_groups: Gauge,
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

/// Name of a sensor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 256)]
pub struct Sensor(Arc<str>);
