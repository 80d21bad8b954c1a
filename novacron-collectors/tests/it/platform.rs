//! What a host offers to a hypervisor.

use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_collectors::platform::PlatformCollector;
use novacron_telemetry::collect::CollectErrorKind;

use crate::support::{Shown, Tree, golden, has, metal};

/// What the host below this root offers.
pub(crate) fn offers(root: &Root) -> PlatformCollector {
    PlatformCollector::new(root.clone())
}

#[test]
fn a_host_of_metal_says_what_it_can_do() {
    let tree = metal();
    let mut platform = Shown::new(PlatformCollector::new(tree.root()));
    let shown = platform.run().unwrap();
    has(&shown, "novacron_system_kvm_available 0");
    has(&shown, "novacron_hardware_iommu_groups 3");
    has(
        &shown,
        "novacron_hardware_sriov_vfs{device=\"0000:82:00.0\"} 4",
    );
    assert!(!shown.contains("mmio_stale_data"), "it is unknown");
    golden("platform.prom", &platform.exposition());
    assert_eq!(platform.forget(), "");
}

#[test]
fn a_kvm_that_is_no_device_cannot_be_used() {
    let tree = metal();
    let mut platform = Shown::new(PlatformCollector::new(tree.root()));
    tree.write("dev/kvm", "");
    has(&platform.run().unwrap(), "novacron_system_kvm_available 0");
    tree.pipe("dev/kvm");
    let began = Instant::now();
    has(&platform.run().unwrap(), "novacron_system_kvm_available 0");
    assert!(began.elapsed() < Duration::from_secs(5));
    // Whether there is one cannot be said without a folder of devices.
    tree.remove("dev");
    assert!(!platform.run().unwrap().contains("kvm_available"));
}

#[test]
fn an_iommu_that_is_off_has_no_groups_and_an_unknown_one_no_number() {
    let tree = metal();
    let mut platform = Shown::new(PlatformCollector::new(tree.root()));
    tree.remove("sys/kernel/iommu_groups");
    has(&platform.run().unwrap(), "novacron_hardware_iommu_groups 0");
    tree.remove("sys/kernel");
    assert!(!platform.run().unwrap().contains("iommu"));
    let empty = Tree::new();
    let error = Shown::new(PlatformCollector::new(empty.root())).run();
    assert_eq!(error.unwrap_err().kind(), CollectErrorKind::Absent);
}

#[test]
fn this_machine_can_run_guests_if_its_kvm_opens() {
    let device = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/kvm");
    let shown = Shown::new(PlatformCollector::new(Root::new("/")))
        .run()
        .unwrap();
    let expected = match device {
        Ok(_) => Some(1),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(0),
        Err(_) => None,
    };
    println!("/dev/kvm: {expected:?}");
    let line = shown
        .lines()
        .find(|line| line.starts_with("novacron_system_kvm_available"));
    let expected = expected.map(|value| format!("novacron_system_kvm_available {value}"));
    assert_eq!(line, expected.as_deref());
}
