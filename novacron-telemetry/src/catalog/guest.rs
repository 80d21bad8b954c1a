//! What VMs do, one set of series per VM, written by the collector that watches them.
//!
//! A VM that is gone takes its series with it. The group is not part of
//! [`Groups::CORE`](crate::registry::Groups::CORE), since it grows with the number of VMs.

use std::sync::Arc;

use super::labels::{Device, Flow, Host, Interface, Resource, VmState};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Absolute, Collected, Gauge};
use crate::registry::MetricGroup;

/// What VMs do.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_vm", writer = Collector("libvirt"))]
pub struct GuestMetrics {
    /// 1 for the state the VM is in; the running series is always present with 0 or 1.
    pub status: Collected<GuestStateLabels, Gauge>,

    /// 1 for the state the operator asked for; only that series exists.
    pub desired_state: Collected<GuestStateLabels, Gauge>,

    /// Unix time of the last successful stats read for the VM.
    #[metric(unit = Seconds)]
    pub last_seen_timestamp_seconds: Collected<GuestLabels, Gauge>,

    /// CPU time used by the VM since it booted.
    #[metric(unit = Seconds)]
    pub cpu_seconds_total: Collected<GuestLabels, Absolute>,

    /// CPU use divided by allotted vCPUs, 0 to 1.
    #[metric(unit = Ratio)]
    pub cpu_usage_ratio: Collected<GuestLabels, Gauge>,

    /// Virtual CPUs assigned.
    #[metric(unit = "vCPUs")]
    pub vcpus: Collected<GuestLabels, Gauge>,

    /// Time vCPUs were runnable but not scheduled.
    #[metric(unit = Seconds)]
    pub cpu_steal_seconds_total: Collected<GuestLabels, Absolute>,

    /// Memory the guest uses.
    #[metric(unit = Bytes)]
    pub memory_used_bytes: Collected<GuestLabels, Gauge>,

    /// Memory assigned to the VM.
    #[metric(unit = Bytes)]
    pub memory_bytes: Collected<GuestLabels, Gauge>,

    /// Current balloon size.
    #[metric(unit = Bytes)]
    pub memory_balloon_bytes: Collected<GuestLabels, Gauge>,

    /// Storage the VM's disks occupy.
    #[metric(unit = Bytes)]
    pub disk_used_bytes: Collected<GuestLabels, Gauge>,

    /// Bytes read from a VM disk.
    #[metric(unit = Bytes)]
    pub disk_read_bytes_total: Collected<GuestDiskLabels, Absolute>,

    /// Bytes written to a VM disk.
    #[metric(unit = Bytes)]
    pub disk_written_bytes_total: Collected<GuestDiskLabels, Absolute>,

    /// Read requests on a VM disk.
    #[metric(unit = "operations")]
    pub disk_reads_total: Collected<GuestDiskLabels, Absolute>,

    /// Write requests on a VM disk.
    #[metric(unit = "operations")]
    pub disk_writes_total: Collected<GuestDiskLabels, Absolute>,

    /// Bytes passed by a VM interface.
    #[metric(unit = Bytes)]
    pub network_bytes_total: Collected<GuestInterfaceLabels, Absolute>,

    /// Packets a VM interface dropped.
    #[metric(unit = "packets")]
    pub network_drops_total: Collected<GuestInterfaceLabels, Absolute>,

    /// Unix time the VM last booted.
    #[metric(unit = Seconds)]
    pub boot_time_seconds: Collected<GuestLabels, Gauge>,

    /// 1 when the guest agent answers.
    pub guest_agent_up: Collected<GuestLabels, Gauge>,

    /// Virtual CPUs promised to all VMs of a host.
    #[metric(unit = "vCPUs")]
    pub allocated_vcpus: Collected<HostLabels, Gauge>,

    /// Memory promised to all VMs of a host.
    #[metric(unit = Bytes)]
    pub allocated_memory_bytes: Collected<HostLabels, Gauge>,

    /// Disk promised to all VMs of a host.
    #[metric(unit = Bytes)]
    pub allocated_disk_bytes: Collected<HostLabels, Gauge>,

    /// Compatibility gauge of NovaCron: percent for cpu, bytes for memory and disk.
    #[metric(
        literal = "novacron_vm_resource_usage",
        reason = "different units in one family, by label; already exported so",
        opt_in
    )]
    pub resource_usage: Collected<GuestResourceLabels, Gauge>,
}

/// Which VM, and a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GuestStateLabels {
    pub name: VmName,
    pub host: Host,
    pub state: VmState,
}

/// Which VM.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GuestLabels {
    pub name: VmName,
    pub host: Host,
}

/// Which disk of a VM.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GuestDiskLabels {
    pub name: VmName,
    pub host: Host,
    pub device: Device,
}

/// Which interface of a VM, and which way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GuestInterfaceLabels {
    pub name: VmName,
    pub host: Host,
    pub interface: Interface,
    pub direction: Flow,
}

/// Which host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct HostLabels {
    pub host: Host,
}

/// Which resource of a VM.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GuestResourceLabels {
    pub vm_id: VmName,
    pub resource: Resource,
}

/// Name of a VM.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 1000)]
pub struct VmName(Arc<str>);
