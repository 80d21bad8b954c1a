//! What was read of memory, as families of the catalog.

use novacron_telemetry::catalog::system::{
    CompactionLabels, CompactionStatus, HugepageCollapse, HugepageCollapseLabels, HugepageFault,
    HugepageFaultLabels, HugepageMode, HugepageModeLabels, KsmPageLabels, KsmPageState, MemoryArea,
    MemoryAreaLabels, MemoryZone, NodeAllocationLabelsRef, NodeAreaLabelsRef, NodeFit,
    NodeLabelsRef, NodePageSizeLabelsRef, NodePairLabelsRef, PageBacking, PageSizeLabelsRef,
    PagingLabels, ReclaimLabels, Reclaimer, RefaultLabels, SwapDirection, SwapLabels, ZoneLabels,
};
use novacron_telemetry::catalog::{Access, SystemMetrics};

use super::super::{show, show_total};
use super::MemoryReading;
use super::hugepages::Pool;
use super::ksm::Ksm;
use super::meminfo::Meminfo;

pub(super) fn publish(reading: &MemoryReading, metrics: &SystemMetrics) {
    sizes(&reading.sizes, metrics);
    paging(reading, metrics);
    reclaim(reading, metrics);
    large_pages(reading, metrics);
    merged(&reading.ksm, metrics);
    nodes(reading, metrics);
}

/// What the kernel calls each area.
const AREAS: [(MemoryArea, &str); MemoryArea::ALL.len()] = [
    (MemoryArea::Free, "MemFree"),
    (MemoryArea::Buffers, "Buffers"),
    (MemoryArea::Cached, "Cached"),
    (MemoryArea::SwapCached, "SwapCached"),
    (MemoryArea::Active, "Active"),
    (MemoryArea::Inactive, "Inactive"),
    (MemoryArea::ActiveAnonymous, "Active(anon)"),
    (MemoryArea::InactiveAnonymous, "Inactive(anon)"),
    (MemoryArea::ActiveFile, "Active(file)"),
    (MemoryArea::InactiveFile, "Inactive(file)"),
    (MemoryArea::Unevictable, "Unevictable"),
    (MemoryArea::Locked, "Mlocked"),
    (MemoryArea::Dirty, "Dirty"),
    (MemoryArea::Writeback, "Writeback"),
    (MemoryArea::Anonymous, "AnonPages"),
    (MemoryArea::Mapped, "Mapped"),
    (MemoryArea::Shared, "Shmem"),
    (MemoryArea::Reclaimable, "KReclaimable"),
    (MemoryArea::SlabReclaimable, "SReclaimable"),
    (MemoryArea::SlabUnreclaimable, "SUnreclaim"),
    (MemoryArea::KernelStack, "KernelStack"),
    (MemoryArea::PageTables, "PageTables"),
    (MemoryArea::Committed, "Committed_AS"),
    (MemoryArea::CommitLimit, "CommitLimit"),
    (MemoryArea::VmallocUsed, "VmallocUsed"),
    (MemoryArea::PerCpu, "Percpu"),
    (MemoryArea::HardwareCorrupted, "HardwareCorrupted"),
    (MemoryArea::AnonymousHuge, "AnonHugePages"),
    (MemoryArea::SharedHuge, "ShmemHugePages"),
    (MemoryArea::FileHuge, "FileHugePages"),
    (MemoryArea::Hugetlb, "Hugetlb"),
    (MemoryArea::Zswap, "Zswap"),
];

fn areas(sizes: &Meminfo) -> impl Iterator<Item = (MemoryArea, f64)> {
    AREAS
        .iter()
        .filter_map(|(area, field)| Some((*area, sizes.get(field)? as f64)))
}

fn sizes(sizes: &Meminfo, metrics: &SystemMetrics) {
    show(&metrics.host_memory_bytes, sizes.get("MemTotal"));
    show(&metrics.memory_available_bytes, sizes.get("MemAvailable"));
    let used = sizes.difference("MemTotal", "MemAvailable");
    show(&metrics.memory_usage_bytes, used);
    show(&metrics.swap_size_bytes, sizes.get("SwapTotal"));
    let used = sizes.difference("SwapTotal", "SwapFree");
    show(&metrics.swap_used_bytes, used);
    metrics
        .memory_area_bytes
        .replace_all(areas(sizes).map(|(area, bytes)| (MemoryAreaLabels { area }, bytes)));
}

fn paging(reading: &MemoryReading, metrics: &SystemMetrics) {
    let counter = |name: &str| reading.counters.get(name);
    let total = |name: &str| Some(counter(name)? as f64);
    show_total(&metrics.page_faults_total, counter("pgfault"));
    show_total(&metrics.major_page_faults_total, counter("pgmajfault"));
    let directions = [(Access::Read, "pgpgin"), (Access::Write, "pgpgout")];
    metrics.paging_bytes_total.replace_all(
        directions.into_iter().filter_map(|(direction, name)| {
            Some((PagingLabels { direction }, total(name)? * 1024.0))
        }),
    );
    let directions = [
        (SwapDirection::In, "pswpin"),
        (SwapDirection::Out, "pswpout"),
    ];
    metrics
        .swap_io_bytes_total
        .replace_all(directions.into_iter().filter_map(|(direction, name)| {
            let bytes = total(name)? * reading.page_bytes? as f64;
            Some((SwapLabels { direction }, bytes))
        }));
    show_total(&metrics.numa_hint_faults_total, counter("numa_hint_faults"));
    let migrated = counter("numa_pages_migrated");
    show_total(&metrics.numa_migrated_pages_total, migrated);
}

fn reclaim(reading: &MemoryReading, metrics: &SystemMetrics) {
    let counter = |name: &str| reading.counters.get(name);
    let total = |name: &str| Some(counter(name)? as f64);
    let by_reclaimer = |prefix: &'static str| {
        Reclaimer::ALL.iter().filter_map(move |reclaimer| {
            let pages = total(&format!("{prefix}_{}", reclaimer.as_str()))?;
            let reclaimer = *reclaimer;
            Some((ReclaimLabels { reclaimer }, pages))
        })
    };
    metrics
        .memory_scanned_pages_total
        .replace_all(by_reclaimer("pgscan"));
    metrics
        .memory_reclaimed_pages_total
        .replace_all(by_reclaimer("pgsteal"));
    let backings = [
        (PageBacking::Anonymous, "workingset_refault_anon"),
        (PageBacking::File, "workingset_refault_file"),
    ];
    metrics.memory_refaulted_pages_total.replace_all(
        backings
            .into_iter()
            .filter_map(|(backing, name)| Some((RefaultLabels { backing }, total(name)?))),
    );
    let zones = [
        (MemoryZone::Dma, "allocstall_dma"),
        (MemoryZone::Dma32, "allocstall_dma32"),
        (MemoryZone::Normal, "allocstall_normal"),
        (MemoryZone::Highmem, "allocstall_high"),
        (MemoryZone::Movable, "allocstall_movable"),
        (MemoryZone::Device, "allocstall_device"),
    ];
    metrics.allocation_stalls_total.replace_all(
        zones
            .into_iter()
            .filter_map(|(zone, name)| Some((ZoneLabels { zone }, total(name)?))),
    );
    show_total(&metrics.oom_kills_total, counter("oom_kill"));
    let ends = [
        (CompactionStatus::Success, "compact_success"),
        (CompactionStatus::Failure, "compact_fail"),
    ];
    metrics.memory_compactions_total.replace_all(
        ends.into_iter()
            .filter_map(|(status, name)| Some((CompactionLabels { status }, total(name)?))),
    );
    show_total(&metrics.compaction_stalls_total, counter("compact_stall"));
}

fn large_pages(reading: &MemoryReading, metrics: &SystemMetrics) {
    let pools = |of: fn(&Pool) -> Option<u64>| {
        reading
            .pools
            .iter()
            .filter_map(move |(size, pool)| Some((PageSizeLabelsRef { size }, of(pool)? as f64)))
    };
    metrics.hugepages.replace_all(pools(|pool| pool.pages));
    metrics.hugepages_free.replace_all(pools(|pool| pool.free));
    metrics
        .hugepages_reserved
        .replace_all(pools(|pool| pool.reserved));
    metrics
        .hugepages_surplus
        .replace_all(pools(|pool| pool.surplus));

    let mode = reading.transparent.as_deref().and_then(HugepageMode::parse);
    metrics
        .transparent_hugepage_mode
        .replace_all(mode.map(|mode| (HugepageModeLabels { mode }, 1.0)));
    let total = |name: &str| Some(reading.counters.get(name)? as f64);
    let ends = [
        (HugepageFault::Allocated, "thp_fault_alloc"),
        (HugepageFault::Fallback, "thp_fault_fallback"),
    ];
    metrics.transparent_hugepage_faults_total.replace_all(
        ends.into_iter()
            .filter_map(|(status, name)| Some((HugepageFaultLabels { status }, total(name)?))),
    );
    let ends = [
        (HugepageCollapse::Success, "thp_collapse_alloc"),
        (HugepageCollapse::Failure, "thp_collapse_alloc_failed"),
    ];
    metrics.transparent_hugepage_collapses_total.replace_all(
        ends.into_iter()
            .filter_map(|(status, name)| Some((HugepageCollapseLabels { status }, total(name)?))),
    );
    let splits = reading.counters.get("thp_split_page");
    show_total(&metrics.transparent_hugepage_splits_total, splits);
}

fn merged(ksm: &Ksm, metrics: &SystemMetrics) {
    let running = ksm.run.map(|run| f64::from(u8::from(run == 1)));
    show(&metrics.ksm_running, running);
    let profit = ksm.profit_bytes.map(|bytes| bytes as f64);
    show(&metrics.ksm_profit_bytes, profit);
    show_total(&metrics.ksm_full_scans_total, ksm.full_scans);
    let states = [
        (KsmPageState::Shared, ksm.shared),
        (KsmPageState::Sharing, ksm.sharing),
        (KsmPageState::Unshared, ksm.unshared),
        (KsmPageState::Volatile, ksm.volatile),
        (KsmPageState::Zero, ksm.zero),
    ];
    metrics.ksm_pages.replace_all(
        states
            .into_iter()
            .filter_map(|(state, pages)| Some((KsmPageLabels { state }, pages? as f64))),
    );
}

fn nodes(reading: &MemoryReading, metrics: &SystemMetrics) {
    let nodes: Vec<_> = reading
        .nodes
        .iter()
        .map(|(index, node)| (index.to_string(), node))
        .collect();
    let nodes = || nodes.iter().map(|(name, node)| (name.as_str(), *node));
    metrics
        .numa_memory_size_bytes
        .replace_all(nodes().filter_map(|(node, read)| {
            Some((NodeLabelsRef { node }, read.memory.get("MemTotal")? as f64))
        }));
    metrics
        .numa_memory_area_bytes
        .replace_all(nodes().flat_map(|(node, read)| {
            areas(&read.memory).map(move |(area, bytes)| (NodeAreaLabelsRef { node, area }, bytes))
        }));
    metrics
        .numa_allocated_pages_total
        .replace_all(nodes().flat_map(|(node, read)| {
            let pages = read.allocated;
            [
                (NodeFit::Hit, pages.hit),
                (NodeFit::Miss, pages.miss),
                (NodeFit::Foreign, pages.foreign),
                (NodeFit::Interleave, pages.interleave),
                (NodeFit::Local, pages.local),
                (NodeFit::Other, pages.other),
            ]
            .into_iter()
            .filter_map(move |(fit, pages)| {
                Some((NodeAllocationLabelsRef { node, fit }, pages? as f64))
            })
        }));
    let distances: Vec<_> = nodes()
        .flat_map(|(node, read)| {
            let far = move |(peer, distance): &(u32, u32)| (node, peer.to_string(), *distance);
            read.distances.iter().map(far)
        })
        .collect();
    metrics.numa_distance.replace_all(
        distances
            .iter()
            .map(|(node, peer, distance)| (NodePairLabelsRef { node, peer }, f64::from(*distance))),
    );
    metrics.numa_cpus.replace_all(
        nodes().filter_map(|(node, read)| Some((NodeLabelsRef { node }, read.cpus? as f64))),
    );
    let pools = |of: fn(&Pool) -> Option<u64>| {
        nodes().flat_map(move |(node, read)| {
            read.pools.iter().filter_map(move |(size, pool)| {
                Some((NodePageSizeLabelsRef { node, size }, of(pool)? as f64))
            })
        })
    };
    metrics.numa_hugepages.replace_all(pools(|pool| pool.pages));
    metrics
        .numa_hugepages_free
        .replace_all(pools(|pool| pool.free));
    metrics
        .numa_hugepages_surplus
        .replace_all(pools(|pool| pool.surplus));
}
