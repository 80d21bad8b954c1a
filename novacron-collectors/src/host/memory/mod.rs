//! Memory: sizes, paging and reclaim, huge pages, merged pages, NUMA nodes.
//!
//! | source | family | conversion |
//! |---|---|---|
//! | `/proc/meminfo` | `novacron_host_memory_bytes`, `novacron_system_memory_available_bytes`, `…_memory_area_bytes`, `…_swap_size_bytes` | kB × 1024 |
//! | the same | `novacron_system_memory_usage_bytes`, `…_swap_used_bytes` | total − available; total − free |
//! | `/proc/vmstat` `pgfault`, `pgmajfault` | `novacron_system_page_faults_total`, `…_major_page_faults_total` | |
//! | `pgpgin`, `pgpgout` | `…_paging_bytes_total` | KiB × 1024 |
//! | `pswpin`, `pswpout` | `…_swap_io_bytes_total` | pages × the size of a page |
//! | `pgscan_*`, `pgsteal_*` | `…_memory_scanned_pages_total`, `…_memory_reclaimed_pages_total` | |
//! | `workingset_refault_*` | `…_memory_refaulted_pages_total` | |
//! | `allocstall_*` | `…_allocation_stalls_total` | |
//! | `compact_*`, `oom_kill`, `thp_*` | `…_memory_compactions_total`, `…_compaction_stalls_total`, `…_oom_kills_total`, `…_transparent_hugepage_*_total` | |
//! | `numa_hint_faults`, `numa_pages_migrated` | `…_numa_hint_faults_total`, `…_numa_migrated_pages_total` | |
//! | `/sys/kernel/mm/hugepages/*` | `…_hugepages`, `…_hugepages_{free,reserved,surplus}` | |
//! | `/sys/kernel/mm/transparent_hugepage/enabled` | `…_transparent_hugepage_mode` | the one in brackets |
//! | `/sys/kernel/mm/ksm/*` | `…_ksm_running`, `…_ksm_pages`, `…_ksm_full_scans_total`, `…_ksm_profit_bytes` | |
//! | `/sys/devices/system/node/nodeN/*` | `…_numa_*` | as above |
//!
//! **Privileges:** none.
//!
//! **Failure:** each source stands for itself; one that this kernel does not have (KSM, NUMA, huge
//! pages) is left out, one that cannot be read is left out and named in the run.
//!
//! ```
//! use novacron_collectors::Root;
//! use novacron_collectors::host::memory::{MemoryCollector, MemorySettings};
//! use novacron_telemetry::Telemetry;
//!
//! let telemetry = Telemetry::builder("agent", "1.0.0").build()?;
//! telemetry.collect(MemoryCollector::new(Root::new("/"), MemorySettings::default()))?;
//! # telemetry.shutdown_blocking(std::time::Duration::from_secs(5))?;
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use novacron_telemetry::catalog::SystemMetrics;
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use self::hugepages::Pool;
use self::ksm::Ksm;
use self::meminfo::Meminfo;
use self::numa::Node;
use self::vmstat::Vmstat;
use super::optional;
use crate::Root;

pub mod hugepages;
pub mod ksm;
pub mod meminfo;
pub mod numa;
mod publish;
pub mod vmstat;

/// What the memory collector reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct MemorySettings {
    /// Memory, distances and huge pages of each NUMA node. Default: yes.
    pub numa: bool,
    /// Size of a page, if it is not that of the kernel this program runs on: below a root that is
    /// another machine's, say. Default: asked of the kernel.
    pub page_bytes: Option<u64>,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self {
            numa: true,
            page_bytes: None,
        }
    }
}

/// Reads the host's memory.
#[derive(Debug)]
pub struct MemoryCollector {
    root: Root,
    settings: MemorySettings,
}

/// What one reading found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryReading {
    /// `/proc/meminfo`.
    pub sizes: Meminfo,
    /// `/proc/vmstat`.
    pub counters: Vmstat,
    /// Size of a page, in bytes.
    pub page_bytes: Option<u64>,
    /// Huge pages by size.
    pub pools: BTreeMap<String, Pool>,
    /// Mode of transparent huge pages.
    pub transparent: Option<String>,
    /// Merged pages.
    pub ksm: Ksm,
    /// NUMA nodes by index.
    pub nodes: BTreeMap<u32, Node>,
}

impl MemoryCollector {
    /// Reads below this root.
    #[must_use]
    pub fn new(root: Root, settings: MemorySettings) -> Self {
        Self { root, settings }
    }
}

impl Collector for MemoryCollector {
    type Metrics = SystemMetrics;
    type Reading = MemoryReading;

    const NAME: &'static str = "memory";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_secs(5));

    fn read(&mut self, run: &mut Run) -> Result<MemoryReading, CollectError> {
        let root = &self.root;
        if !root.exists("proc/meminfo") && !root.exists("sys/kernel/mm") {
            return Err(CollectError::absent("there is no /proc/meminfo"));
        }
        let page_bytes = self.settings.page_bytes;
        Ok(MemoryReading {
            sizes: optional(root, run, "proc/meminfo")
                .map_or_else(Meminfo::default, |text| Meminfo::parse(&text)),
            counters: optional(root, run, "proc/vmstat")
                .map_or_else(Vmstat::default, |text| Vmstat::parse(&text)),
            page_bytes: page_bytes.or_else(|| u64::try_from(rustix::param::page_size()).ok()),
            pools: hugepages::pools(root, "sys/kernel/mm/hugepages"),
            transparent: hugepages::transparent(root),
            ksm: Ksm::read(root),
            nodes: match self.settings.numa {
                true => numa::nodes(root, run),
                false => BTreeMap::new(),
            },
        })
    }

    fn publish(reading: &MemoryReading, metrics: &SystemMetrics) {
        publish::publish(reading, metrics);
    }
}
