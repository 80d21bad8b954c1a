//! RDMA ports.

use novacron_collectors::Root;
use novacron_collectors::rdma::RdmaCollector;
use novacron_telemetry::collect::CollectErrorKind;

use crate::support::{Shown, Tree, golden, has, metal, qemu};

/// The ports below this root.
pub(crate) fn ports(root: &Root) -> RdmaCollector {
    RdmaCollector::new(root.clone())
}

#[test]
fn words_of_four_bytes_are_shown_as_bytes() {
    let tree = metal();
    let mut rdma = Shown::new(RdmaCollector::new(tree.root()));
    let shown = rdma.run().unwrap();
    let port = "device=\"mlx5_0\",port=\"1\"";
    for (direction, bytes) in [("receive", "4000000000004"), ("transmit", "10000000000")] {
        has(
            &shown,
            &format!(
                "novacron_network_rdma_port_bytes_total{{{port},direction=\"{direction}\"}} {bytes}"
            ),
        );
    }
    has(
        &shown,
        &format!("novacron_network_rdma_port_speed_bytes_per_second{{{port}}} 12500000000"),
    );
    has(
        &shown,
        &format!("novacron_network_rdma_port_errors_total{{{port},error=\"vl15_dropped\"}} 0"),
    );
    // Neither an event nor an error: a time in ticks, and a setting.
    assert!(!shown.contains("wait") && !shown.contains("lifespan"));
    golden("rdma.prom", &rdma.exposition());
}

#[test]
fn a_port_that_counts_nothing_has_no_counters() {
    let tree = metal();
    let shown = Shown::new(RdmaCollector::new(tree.root())).run().unwrap();
    // `N/A (no PMA)`.
    let iwarp: Vec<_> = shown
        .lines()
        .filter(|line| line.contains("i40iw0"))
        .collect();
    assert_eq!(
        iwarp,
        [
            "novacron_network_rdma_port_speed_bytes_per_second{device=\"i40iw0\",port=\"1\"} 1250000000",
            "novacron_network_rdma_port_up{device=\"i40iw0\",port=\"1\"} 1",
        ]
    );
    let down: Vec<_> = shown
        .lines()
        .filter(|line| line.contains("mlx5_1"))
        .collect();
    assert_eq!(
        down,
        ["novacron_network_rdma_port_up{device=\"mlx5_1\",port=\"1\"} 0"]
    );
}

#[test]
fn soft_roce_counts_events_and_no_bytes() {
    let mut rdma = Shown::new(RdmaCollector::new(qemu()));
    let shown = rdma.run().unwrap();
    assert!(!shown.contains("bytes_total") && !shown.contains("errors_total"));
    golden("rdma-qemu.prom", &rdma.exposition());
}

#[test]
fn without_a_device_there_is_nothing_to_read() {
    let tree = Tree::new();
    let mut rdma = Shown::new(RdmaCollector::new(tree.root()));
    assert_eq!(rdma.run().unwrap_err().kind(), CollectErrorKind::Absent);
    std::fs::create_dir_all(tree.path("sys/class/infiniband")).unwrap();
    assert_eq!(rdma.run().unwrap_err().kind(), CollectErrorKind::Absent);
    // A device without ports is not absent: it is broken.
    tree.write("sys/class/infiniband/mlx5_0/node_type", "1: CA\n");
    rdma.run().unwrap();
    assert_eq!(rdma.skipped.len(), 1);
}
