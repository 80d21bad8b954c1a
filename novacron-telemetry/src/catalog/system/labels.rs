//! Labels of what is read from the host machine.

use std::sync::Arc;

use crate::catalog::labels::{Access, Device, Flow, Interface};
use crate::label::{LabelSet, LabelValue};

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

/// Which package of cores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PackageLabels {
    pub package: Package,
}

/// Which use of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MemoryAreaLabels {
    pub area: MemoryArea,
}

/// Whether pages came in from block devices or went out to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PagingLabels {
    pub direction: Access,
}

/// Whether pages came in from swap or went out to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SwapLabels {
    pub direction: SwapDirection,
}

/// Who reclaims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ReclaimLabels {
    pub reclaimer: Reclaimer,
}

/// What the pages hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RefaultLabels {
    pub backing: PageBacking,
}

/// Which zone of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ZoneLabels {
    pub zone: MemoryZone,
}

/// How a compaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct CompactionLabels {
    pub status: CompactionStatus,
}

/// Which size of huge pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PageSizeLabels {
    pub size: PageSize,
}

/// Which huge pages of which NUMA node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct NodePageSizeLabels {
    pub node: Node,
    pub size: PageSize,
}

/// In which mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct HugepageModeLabels {
    pub mode: HugepageMode,
}

/// How a fault ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct HugepageFaultLabels {
    pub status: HugepageFault,
}

/// How a merge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct HugepageCollapseLabels {
    pub status: HugepageCollapse,
}

/// What KSM made of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct KsmPageLabels {
    pub state: KsmPageState,
}

/// Which NUMA node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct NodeLabels {
    pub node: Node,
}

/// Which use of the memory of a NUMA node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct NodeAreaLabels {
    pub node: Node,
    pub area: MemoryArea,
}

/// Which allocations on a NUMA node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct NodeAllocationLabels {
    pub node: Node,
    pub fit: NodeFit,
}

/// From which NUMA node to which.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct NodePairLabels {
    pub node: Node,
    pub peer: Node,
}

/// Which operations of a block device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DiskOperationLabels {
    pub device: Device,
    pub operation: DiskOperation,
}

/// Which disks of a RAID array.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RaidDiskLabels {
    pub device: Device,
    pub state: RaidDiskState,
}

/// Which state of a RAID array.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RaidStateLabels {
    pub device: Device,
    pub state: RaidState,
}

/// What a RAID array is doing about its copies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct RaidSyncLabels {
    pub device: Device,
    pub action: RaidSyncAction,
}

/// Which kind of file system is mounted where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct FilesystemLabels {
    pub mount_point: MountPoint,
    pub filesystem: FilesystemType,
}

/// What is mounted where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct FilesystemSourceLabels {
    pub mount_point: MountPoint,
    pub device: MountSource,
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
    Irq,
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

/// Index of a package of cores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Package(Arc<str>);

/// Index of a NUMA node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 64)]
pub struct Node(Arc<str>);

/// Size of a huge page as the kernel spells it, such as `2048kB`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 16)]
pub struct PageSize(Arc<str>);

/// What a file system is mounted from: a device, a share, a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 128)]
pub struct MountSource(Arc<str>);

/// Type of a file system, such as `ext4`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
pub struct FilesystemType(Arc<str>);

/// What memory is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum MemoryArea {
    Free,
    Buffers,
    Cached,
    SwapCached,
    Active,
    Inactive,
    ActiveAnonymous,
    InactiveAnonymous,
    ActiveFile,
    InactiveFile,
    Unevictable,
    Locked,
    Dirty,
    Writeback,
    Anonymous,
    Mapped,
    Shared,
    Reclaimable,
    SlabReclaimable,
    SlabUnreclaimable,
    KernelStack,
    PageTables,
    Committed,
    CommitLimit,
    VmallocUsed,
    PerCpu,
    HardwareCorrupted,
    AnonymousHuge,
    SharedHuge,
    FileHuge,
    Hugetlb,
    Zswap,
}

/// Whether pages came in from swap or went out to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum SwapDirection {
    In,
    Out,
}

/// Who reclaims: the background thread, whoever allocates, or others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Reclaimer {
    Kswapd,
    Direct,
    Khugepaged,
    Proactive,
}

/// What pages hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum PageBacking {
    Anonymous,
    File,
}

/// Zone of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum MemoryZone {
    Dma,
    Dma32,
    Normal,
    Highmem,
    Movable,
    Device,
}

/// How a compaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum CompactionStatus {
    Success,
    Failure,
}

/// When transparent huge pages are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum HugepageMode {
    Always,
    Madvise,
    Never,
}

/// How a fault that asked for a huge page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum HugepageFault {
    Allocated,
    Fallback,
}

/// How the merge into a huge page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum HugepageCollapse {
    Success,
    Failure,
}

/// What KSM made of pages: `shared` are kept, `sharing` are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum KsmPageState {
    Shared,
    Sharing,
    Unshared,
    Volatile,
    Zero,
}

/// How an allocation fits the node that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum NodeFit {
    Hit,
    Miss,
    Foreign,
    Interleave,
    Local,
    Other,
}

/// What a block device is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum DiskOperation {
    Read,
    Write,
    Discard,
    Flush,
}

/// State of a disk in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum RaidDiskState {
    Active,
    Spare,
    Failed,
    Other,
}

/// State of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum RaidState {
    Clear,
    Inactive,
    Suspended,
    Readonly,
    ReadAuto,
    Clean,
    Active,
    WritePending,
    ActiveIdle,
    Broken,
}

/// What an array is doing about its copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum RaidSyncAction {
    Idle,
    Resync,
    Recover,
    Check,
    Repair,
    Reshape,
    Frozen,
}
