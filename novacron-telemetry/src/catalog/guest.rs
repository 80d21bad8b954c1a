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
    /// Identity of a VM; the value is always 1.
    pub info: Collected<GuestInfoLabels, Gauge>,

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

    /// Time vCPUs waited for something that the host was doing for them.
    #[metric(unit = Seconds)]
    pub cpu_wait_seconds_total: Collected<GuestLabels, Absolute>,

    /// Time vCPUs ran, without what the hypervisor did beside them.
    #[metric(unit = Seconds)]
    pub vcpu_seconds_total: Collected<GuestLabels, Absolute>,

    /// CPU time used by the VM in user mode, guest code included.
    #[metric(unit = Seconds)]
    pub cpu_user_seconds_total: Collected<GuestLabels, Absolute>,

    /// CPU time used by the VM in the host's kernel.
    #[metric(unit = Seconds)]
    pub cpu_system_seconds_total: Collected<GuestLabels, Absolute>,

    /// Memory the guest uses.
    #[metric(unit = Bytes)]
    pub memory_used_bytes: Collected<GuestLabels, Gauge>,

    /// Memory assigned to the VM.
    #[metric(unit = Bytes)]
    pub memory_bytes: Collected<GuestLabels, Gauge>,

    /// Current balloon size.
    #[metric(unit = Bytes)]
    pub memory_balloon_bytes: Collected<GuestLabels, Gauge>,

    /// Memory the host holds for the VM, the hypervisor's own included.
    #[metric(unit = Bytes)]
    pub memory_resident_bytes: Collected<GuestLabels, Gauge>,

    /// Memory the guest sees.
    #[metric(unit = Bytes)]
    pub memory_available_bytes: Collected<GuestLabels, Gauge>,

    /// Memory of the guest that holds nothing at all.
    #[metric(unit = Bytes)]
    pub memory_unused_bytes: Collected<GuestLabels, Gauge>,

    /// Memory of the guest that is obtainable without swapping.
    #[metric(unit = Bytes)]
    pub memory_usable_bytes: Collected<GuestLabels, Gauge>,

    /// Memory of the guest that caches its disks.
    #[metric(unit = Bytes)]
    pub memory_disk_caches_bytes: Collected<GuestLabels, Gauge>,

    /// Memory the guest read back from its swap.
    #[metric(unit = Bytes)]
    pub memory_swap_in_bytes_total: Collected<GuestLabels, Absolute>,

    /// Memory the guest wrote to its swap.
    #[metric(unit = Bytes)]
    pub memory_swap_out_bytes_total: Collected<GuestLabels, Absolute>,

    /// Page faults of the guest that waited for a disk.
    #[metric(unit = "faults")]
    pub memory_major_faults_total: Collected<GuestLabels, Absolute>,

    /// Page faults of the guest that did not wait for a disk.
    #[metric(unit = "faults")]
    pub memory_minor_faults_total: Collected<GuestLabels, Absolute>,

    /// Unix time at which the guest last reported its memory.
    #[metric(unit = Seconds)]
    pub memory_report_timestamp_seconds: Collected<GuestLabels, Gauge>,

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

    /// Flush requests on a VM disk.
    #[metric(unit = "operations")]
    pub disk_flushes_total: Collected<GuestDiskLabels, Absolute>,

    /// Time read requests on a VM disk took.
    #[metric(unit = Seconds)]
    pub disk_read_seconds_total: Collected<GuestDiskLabels, Absolute>,

    /// Time write requests on a VM disk took.
    #[metric(unit = Seconds)]
    pub disk_write_seconds_total: Collected<GuestDiskLabels, Absolute>,

    /// Time flush requests on a VM disk took.
    #[metric(unit = Seconds)]
    pub disk_flush_seconds_total: Collected<GuestDiskLabels, Absolute>,

    /// Size of a VM disk as the guest sees it.
    #[metric(unit = Bytes)]
    pub disk_capacity_bytes: Collected<GuestDiskLabels, Gauge>,

    /// Storage a VM disk occupies.
    #[metric(unit = Bytes)]
    pub disk_physical_bytes: Collected<GuestDiskLabels, Gauge>,

    /// Bytes passed by a VM interface.
    #[metric(unit = Bytes)]
    pub network_bytes_total: Collected<GuestInterfaceLabels, Absolute>,

    /// Packets passed by a VM interface.
    #[metric(unit = "packets")]
    pub network_packets_total: Collected<GuestInterfaceLabels, Absolute>,

    /// Packets in error on a VM interface.
    #[metric(unit = "packets")]
    pub network_errors_total: Collected<GuestInterfaceLabels, Absolute>,

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

/// Which VM, and what it is besides its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GuestInfoLabels {
    pub name: VmName,
    pub host: Host,
    pub uuid: VmUuid,
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

/// UUID of a VM, which stays when it is renamed or moved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 1000)]
pub struct VmUuid(Arc<str>);
