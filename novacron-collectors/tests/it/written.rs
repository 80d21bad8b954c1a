//! Every family that names a collector as its writer is written by it, and by no other.

use std::collections::BTreeSet;

use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::collect::Collector;
use novacron_telemetry::metric::Writer;

use crate::support::Shown;

/// On this host the collector writes all of its families, and nothing else.
fn writes_its_families<C: Collector>(collector: C) {
    let mut shown = Shown::new(collector);
    shown.run().unwrap();
    let exposition = shown.exposition();
    let written: BTreeSet<&str> = exposition
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let promised: BTreeSet<&str> = Catalog::descriptors()
        .filter(|family| matches!(family.writer, Writer::Collector(name) if name == C::NAME))
        .map(|family| family.name)
        .collect();
    assert!(!promised.is_empty(), "{} writes nothing", C::NAME);
    assert_eq!(written, promised, "{}", C::NAME);
}

#[cfg(all(target_os = "linux", feature = "host"))]
#[test]
fn cpu_memory_disk_and_filesystem_write_their_families() {
    use novacron_telemetry::collect::Run;

    let tree = crate::support::busy();
    let root = tree.root();
    // The share of busy time is that between two readings.
    let mut cpu = crate::host::cpu(&root);
    let run = &mut Run::within(std::time::Duration::from_secs(60));
    cpu.read(run).unwrap();
    let stat = std::fs::read_to_string(tree.path("proc/stat")).unwrap();
    tree.write("proc/stat", &stat.replace("cpu1 500021", "cpu1 500121"));
    writes_its_families(cpu);
    writes_its_families(crate::host::memory(&root));
    writes_its_families(crate::host::disk(&root));
    writes_its_families(crate::host::filesystem(&root));
}

#[cfg(all(target_os = "linux", feature = "host"))]
#[test]
fn network_rdma_and_platform_write_their_families() {
    use novacron_collectors::network::{NetworkCollector, NetworkSettings};
    use novacron_collectors::platform::PlatformCollector;
    use novacron_collectors::rdma::RdmaCollector;

    let tree = crate::support::metal();
    let settings = NetworkSettings::default();
    writes_its_families(NetworkCollector::new(tree.root(), settings));
    writes_its_families(RdmaCollector::new(tree.root()));
    writes_its_families(PlatformCollector::new(tree.root()));
}

#[cfg(all(target_os = "linux", feature = "hardware"))]
#[test]
fn sensors_power_edac_and_smart_write_their_families() {
    use novacron_collectors::hardware::smart::{SmartCollector, SmartSettings};
    use novacron_collectors::hardware::{EdacCollector, PowerCollector, SensorsCollector};

    let tree = crate::support::metal();
    let smartctl = Some(crate::support::fixture("smart/smartctl"));
    writes_its_families(SensorsCollector::new(tree.root()));
    writes_its_families(PowerCollector::new(tree.root()));
    writes_its_families(EdacCollector::new(tree.root()));
    writes_its_families(SmartCollector::new(tree.root(), SmartSettings { smartctl }));
}
