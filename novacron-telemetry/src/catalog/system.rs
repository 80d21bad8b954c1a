//! The host machine.

mod labels;

pub use self::labels::*;

use crate::metric::{Absolute, Collected, Gauge};
use crate::registry::MetricGroup;

/// The host machine.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_system", writer = Collector("cpu"))]
pub struct SystemMetrics {
    /// Host CPU in use, 0 to 100, all cores.
    #[metric(literal = "novacron_system_cpu_usage_percent", reason = "already exported so; an alert compares it with a percentage", unit = Percent)]
    pub cpu_usage_percent: Gauge,

    /// Host memory in use (total minus available).
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub memory_usage_bytes: Gauge,

    /// Space used on a file system.
    #[metric(unit = Bytes, writer = Collector("filesystem"))]
    pub disk_usage_bytes: Collected<MountPointLabels, Gauge>,

    /// Bytes passed by a host interface.
    #[metric(unit = Bytes, writer = Collector("network"))]
    pub network_bytes_total: Collected<InterfaceLabels, Absolute>,

    /// Physical memory visible to the service.
    #[metric(literal = "novacron_host_memory_bytes", reason = "does not say that it is the total; the prefixed form of a name that is promised literally", unit = Bytes, writer = Collector("memory"))]
    pub host_memory_bytes: Gauge,

    /// Memory obtainable without swapping.
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub memory_available_bytes: Gauge,

    /// Swap in use.
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub swap_used_bytes: Gauge,

    /// Size of a file system.
    #[metric(unit = Bytes, writer = Collector("filesystem"))]
    pub disk_size_bytes: Collected<MountPointLabels, Gauge>,

    /// Free inodes of a file system.
    #[metric(unit = "inodes", writer = Collector("filesystem"))]
    pub disk_inodes_free: Collected<MountPointLabels, Gauge>,

    /// Bytes moved by a block device.
    #[metric(unit = Bytes, writer = Collector("disk"))]
    pub disk_io_bytes_total: Collected<DiskLabels, Absolute>,

    /// Time a block device was busy.
    #[metric(unit = Seconds, writer = Collector("disk"))]
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
    #[metric(unit = "packets", writer = Collector("network"))]
    pub network_errors_total: Collected<InterfaceLabels, Absolute>,

    /// Packets a host interface dropped.
    #[metric(unit = "packets", writer = Collector("network"))]
    pub network_drops_total: Collected<InterfaceLabels, Absolute>,

    /// 1 when /dev/kvm can be used.
    #[metric(writer = Collector("platform"))]
    pub kvm_available: Gauge,

    /// 1 when guests can run guests of their own.
    #[metric(writer = Collector("platform"))]
    pub kvm_nested: Gauge,

    /// CPU thermal throttling events.
    #[metric(unit = "events")]
    pub thermal_throttle_total: Collected<CpuLabels, Absolute>,

    /// Clock of a core, as its governor last set it.
    #[metric(unit = Hertz)]
    pub cpu_frequency_hertz: Collected<CpuLabels, Gauge>,

    /// Thermal throttling events of a CPU package.
    #[metric(unit = "events")]
    pub thermal_package_throttle_total: Collected<PackageLabels, Absolute>,

    /// Switches from one task to another, all cores.
    #[metric(unit = "switches")]
    pub context_switches_total: Absolute,

    /// Interrupts served, all cores.
    #[metric(unit = "interrupts")]
    pub interrupts_total: Absolute,

    /// Soft interrupts served, all cores.
    #[metric(unit = "interrupts")]
    pub soft_interrupts_total: Absolute,

    /// Processes and threads created.
    #[metric(unit = "tasks")]
    pub tasks_created_total: Absolute,

    /// Tasks that run or are ready to.
    #[metric(unit = "tasks")]
    pub tasks_runnable: Gauge,

    /// Tasks that wait for I/O to complete.
    #[metric(unit = "tasks")]
    pub tasks_blocked: Gauge,

    /// File handles the host may have open.
    #[metric(unit = "descriptors")]
    pub file_descriptors_limit: Gauge,

    /// Host memory by what it is used for; areas overlap.
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub memory_area_bytes: Collected<MemoryAreaLabels, Gauge>,

    /// Swap there is.
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub swap_size_bytes: Gauge,

    /// Page faults, major ones included.
    #[metric(unit = "faults", writer = Collector("memory"))]
    pub page_faults_total: Absolute,

    /// Page faults that had to wait for a disk.
    #[metric(unit = "faults", writer = Collector("memory"))]
    pub major_page_faults_total: Absolute,

    /// Bytes moved between memory and block devices.
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub paging_bytes_total: Collected<PagingLabels, Absolute>,

    /// Bytes moved between memory and swap.
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub swap_io_bytes_total: Collected<SwapLabels, Absolute>,

    /// Pages looked at for reclaim.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub memory_scanned_pages_total: Collected<ReclaimLabels, Absolute>,

    /// Pages reclaimed.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub memory_reclaimed_pages_total: Collected<ReclaimLabels, Absolute>,

    /// Pages read back soon after they were reclaimed.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub memory_refaulted_pages_total: Collected<RefaultLabels, Absolute>,

    /// Allocations that had to reclaim memory themselves.
    #[metric(unit = "allocations", writer = Collector("memory"))]
    pub allocation_stalls_total: Collected<ZoneLabels, Absolute>,

    /// Processes killed for want of memory.
    #[metric(unit = "processes", writer = Collector("memory"))]
    pub oom_kills_total: Absolute,

    /// Attempts to make room for a large page.
    #[metric(unit = "compactions", writer = Collector("memory"))]
    pub memory_compactions_total: Collected<CompactionLabels, Absolute>,

    /// Allocations that waited for room for a large page.
    #[metric(unit = "allocations", writer = Collector("memory"))]
    pub compaction_stalls_total: Absolute,

    /// Huge pages in the pool.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub hugepages: Collected<PageSizeLabels, Gauge>,

    /// Huge pages that nobody uses.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub hugepages_free: Collected<PageSizeLabels, Gauge>,

    /// Free huge pages that are promised to somebody.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub hugepages_reserved: Collected<PageSizeLabels, Gauge>,

    /// Huge pages beyond the pool's size.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub hugepages_surplus: Collected<PageSizeLabels, Gauge>,

    /// Huge pages in the pool of a NUMA node.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub numa_hugepages: Collected<NodePageSizeLabels, Gauge>,

    /// Huge pages of a NUMA node that nobody uses.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub numa_hugepages_free: Collected<NodePageSizeLabels, Gauge>,

    /// Huge pages of a NUMA node beyond the pool's size.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub numa_hugepages_surplus: Collected<NodePageSizeLabels, Gauge>,

    /// 1 for the mode transparent huge pages are in.
    #[metric(writer = Collector("memory"))]
    pub transparent_hugepage_mode: Collected<HugepageModeLabels, Gauge>,

    /// Faults that asked for a transparent huge page.
    #[metric(unit = "faults", writer = Collector("memory"))]
    pub transparent_hugepage_faults_total: Collected<HugepageFaultLabels, Absolute>,

    /// Ranges that were merged into a transparent huge page afterwards, or should have been.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub transparent_hugepage_collapses_total: Collected<HugepageCollapseLabels, Absolute>,

    /// Transparent huge pages that were split.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub transparent_hugepage_splits_total: Absolute,

    /// 1 while equal pages are merged (KSM).
    #[metric(writer = Collector("memory"))]
    pub ksm_running: Gauge,

    /// Pages by what KSM made of them.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub ksm_pages: Collected<KsmPageLabels, Gauge>,

    /// Memory that KSM saves, less what it needs itself.
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub ksm_profit_bytes: Gauge,

    /// Scans of all mergeable memory that KSM completed.
    #[metric(unit = "scans", writer = Collector("memory"))]
    pub ksm_full_scans_total: Absolute,

    /// Memory of a NUMA node.
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub numa_memory_size_bytes: Collected<NodeLabels, Gauge>,

    /// Memory of a NUMA node by what it is used for; areas overlap.
    #[metric(unit = Bytes, writer = Collector("memory"))]
    pub numa_memory_area_bytes: Collected<NodeAreaLabels, Gauge>,

    /// Pages allocated on a NUMA node, by how that fits the request.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub numa_allocated_pages_total: Collected<NodeAllocationLabels, Absolute>,

    /// Distance between two NUMA nodes; 10 is local.
    #[metric(writer = Collector("memory"))]
    pub numa_distance: Collected<NodePairLabels, Gauge>,

    /// Logical CPUs of a NUMA node.
    #[metric(unit = "cores", writer = Collector("memory"))]
    pub numa_cpus: Collected<NodeLabels, Gauge>,

    /// Faults taken to learn which NUMA node uses a page.
    #[metric(unit = "faults", writer = Collector("memory"))]
    pub numa_hint_faults_total: Absolute,

    /// Pages moved to the NUMA node that uses them.
    #[metric(unit = "pages", writer = Collector("memory"))]
    pub numa_migrated_pages_total: Absolute,

    /// Operations a block device completed.
    #[metric(unit = "operations", writer = Collector("disk"))]
    pub disk_operations_total: Collected<DiskOperationLabels, Absolute>,

    /// Time that completed operations of a block device took, together.
    #[metric(unit = Seconds, writer = Collector("disk"))]
    pub disk_operation_seconds_total: Collected<DiskOperationLabels, Absolute>,

    /// Operations that were merged into others before the device saw them.
    #[metric(unit = "operations", writer = Collector("disk"))]
    pub disk_merged_operations_total: Collected<DiskOperationLabels, Absolute>,

    /// Bytes a block device was told to forget.
    #[metric(unit = Bytes, writer = Collector("disk"))]
    pub disk_discarded_bytes_total: Collected<DeviceLabels, Absolute>,

    /// Time a block device was busy, times the operations then under way.
    #[metric(unit = Seconds, writer = Collector("disk"))]
    pub disk_io_weighted_seconds_total: Collected<DeviceLabels, Absolute>,

    /// Operations a block device has under way.
    #[metric(unit = "operations", writer = Collector("disk"))]
    pub disk_operations_in_flight: Collected<DeviceLabels, Gauge>,

    /// Size of a block device.
    #[metric(unit = Bytes, writer = Collector("disk"))]
    pub disk_capacity_bytes: Collected<DeviceLabels, Gauge>,

    /// Disks of a RAID array by their state.
    #[metric(unit = "disks", writer = Collector("disk"))]
    pub raid_disks: Collected<RaidDiskLabels, Gauge>,

    /// Disks a RAID array has when it is whole.
    #[metric(unit = "disks", writer = Collector("disk"))]
    pub raid_disks_expected: Collected<DeviceLabels, Gauge>,

    /// Disks a RAID array lacks.
    #[metric(unit = "disks", writer = Collector("disk"))]
    pub raid_disks_missing: Collected<DeviceLabels, Gauge>,

    /// 1 for the state a RAID array is in.
    #[metric(writer = Collector("disk"))]
    pub raid_state: Collected<RaidStateLabels, Gauge>,

    /// 1 for what a RAID array is doing about its copies.
    #[metric(writer = Collector("disk"))]
    pub raid_sync_action: Collected<RaidSyncLabels, Gauge>,

    /// How far the rebuild or check of a RAID array is.
    #[metric(unit = Ratio, writer = Collector("disk"))]
    pub raid_sync_progress_ratio: Collected<DeviceLabels, Gauge>,

    /// Sectors whose copies differed at the last check.
    #[metric(unit = "sectors", writer = Collector("disk"))]
    pub raid_mismatched_sectors: Collected<DeviceLabels, Gauge>,

    /// Which kind of file system is mounted at a mount point.
    #[metric(writer = Collector("filesystem"))]
    pub filesystem_info: Collected<FilesystemLabels, Gauge>,

    /// What the file system at a mount point is mounted from.
    #[metric(writer = Collector("filesystem"))]
    pub filesystem_source_info: Collected<FilesystemSourceLabels, Gauge>,

    /// Space on a file system that everybody may use.
    #[metric(unit = Bytes, writer = Collector("filesystem"))]
    pub filesystem_available_bytes: Collected<MountPointLabels, Gauge>,

    /// Inodes of a file system.
    #[metric(unit = "inodes", writer = Collector("filesystem"))]
    pub filesystem_inodes: Collected<MountPointLabels, Gauge>,

    /// 1 while a file system is mounted read-only.
    #[metric(writer = Collector("filesystem"))]
    pub filesystem_read_only: Collected<MountPointLabels, Gauge>,

    /// 1 while a file system does not say how full it is.
    #[metric(writer = Collector("filesystem"))]
    pub filesystem_device_error: Collected<MountPointLabels, Gauge>,

    /// 1 while a file system does not answer at all.
    #[metric(writer = Collector("filesystem"))]
    pub filesystem_stuck: Collected<MountPointLabels, Gauge>,
}
