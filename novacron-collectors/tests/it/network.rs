//! Interfaces, switches and TCP.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_collectors::network::{NetworkCollector, NetworkSettings};
use novacron_telemetry::collect::CollectErrorKind;

use crate::support::{Shown, Tree, golden, has, metal, qemu};

/// Interfaces below this root, with the settings that are used without any.
pub(crate) fn shown_by_default(root: &Root) -> NetworkCollector {
    NetworkCollector::new(root.clone(), NetworkSettings::default())
}

fn network(tree: &Tree) -> Shown<NetworkCollector> {
    let settings = NetworkSettings::default();
    Shown::new(NetworkCollector::new(tree.root(), settings))
}

#[test]
fn a_guest_of_qemu_is_shown_as_its_kernel_has_it() {
    let settings = NetworkSettings::default();
    let mut network = Shown::new(NetworkCollector::new(qemu(), settings));
    let shown = network.run().unwrap();
    has(
        &shown,
        "novacron_network_rx_bytes_total{interface=\"eth1\"} 114",
    );
    has(
        &shown,
        "novacron_network_interface_speed_bytes_per_second{interface=\"eth1\"} 125000000",
    );
    has(&shown, "novacron_network_connections_limit 8192");
    // virtio answers -1.
    assert!(!shown.contains("speed_bytes_per_second{interface=\"eth0\"}"));
    golden("network-qemu.prom", &network.exposition());
}

#[test]
fn a_host_of_metal_is_shown_with_its_switches() {
    let tree = metal();
    let mut network = network(&tree);
    network.run().unwrap();
    assert_eq!(network.skipped, [""; 0]);
    golden("network.prom", &network.exposition());
}

#[test]
fn ports_of_switches_are_shown_and_guests_interfaces_are_not() {
    let tree = metal();
    let shown = network(&tree).run().unwrap();
    has(
        &shown,
        "novacron_network_rx_bytes_total{switch=\"br0\",interface=\"vnet0\"} 123456",
    );
    has(
        &shown,
        "novacron_network_rx_drops_total{switch=\"br0\",interface=\"vnet0\"} 7",
    );
    has(
        &shown,
        "novacron_network_rx_bytes_total{switch=\"ovs-system\",interface=\"vnet1\"} 111",
    );
    // The bond is a port of the bridge; its card is a port of no switch.
    has(
        &shown,
        "novacron_network_interface_up{switch=\"br0\",interface=\"bond0\"} 1",
    );
    has(
        &shown,
        "novacron_network_interface_up{interface=\"eno1\"} 1",
    );
    for own in [
        "tap9",
        "veth1a2b",
        "\"lo\"",
        "interface=\"docker0\"",
        "interface=\"ovs-system\"",
    ] {
        assert!(!shown.contains(own), "{own}");
    }
    let own: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with("novacron_system_network"))
        .collect();
    assert!(!own.is_empty() && !own.iter().any(|line| line.contains("vnet")));

    let settings = NetworkSettings {
        switch_ports: false,
        ..NetworkSettings::default()
    };
    let shown = Shown::new(NetworkCollector::new(tree.root(), settings))
        .run()
        .unwrap();
    assert!(!shown.contains("vnet") && shown.contains("interface=\"bond0\""));
}

#[test]
fn a_switch_has_a_state_ports_and_tunnels() {
    let tree = metal();
    let shown = network(&tree).run().unwrap();
    has(&shown, "novacron_network_switch_up{switch=\"br0\"} 1");
    has(&shown, "novacron_network_switch_ports{switch=\"br0\"} 2");
    has(&shown, "novacron_network_switch_up{switch=\"docker0\"} 0");
    has(
        &shown,
        "novacron_network_switch_ports{switch=\"docker0\"} 0",
    );
    has(
        &shown,
        "novacron_network_switch_ports{switch=\"ovs-system\"} 2",
    );
    // Its device is always down, which says nothing.
    assert!(!shown.contains("novacron_network_switch_up{switch=\"ovs-system\"}"));
    for (overlay, tunnels) in [("vxlan", 1), ("geneve", 1), ("gre", 1)] {
        has(
            &shown,
            &format!(
                "novacron_network_overlay_connections{{overlay_type=\"{overlay}\"}} {tunnels}"
            ),
        );
    }
}

#[test]
fn a_speed_is_shown_only_if_it_is_one() {
    let tree = metal();
    let shown = network(&tree).run().unwrap();
    let speeds: Vec<_> = shown
        .lines()
        .filter(|line| line.contains("speed_bytes_per_second"))
        .collect();
    // -1, 2³² - 1, EINVAL, a bridge and a tap have none.
    assert_eq!(
        speeds,
        [
            "novacron_network_interface_speed_bytes_per_second{interface=\"eno1\"} 3125000000",
            "novacron_network_interface_speed_bytes_per_second{switch=\"br0\",interface=\"bond0\"} 3125000000",
        ]
    );
    // Switched off.
    has(
        &shown,
        "novacron_network_interface_up{interface=\"eno3\"} 0",
    );
}

#[test]
fn what_vanished_is_not_shown_and_what_is_unknown_is_nothing() {
    let tree = metal();
    let mut network = network(&tree);
    network.run().unwrap();
    let dev = std::fs::read_to_string(tree.path("proc/1/net/dev")).unwrap();
    let fewer: String = dev
        .lines()
        .filter(|line| !line.contains("vnet0"))
        .flat_map(|line| [line, "\n"])
        .collect();
    tree.write("proc/1/net/dev", &fewer);
    tree.remove("proc/sys/net/netfilter/nf_conntrack_count");
    tree.remove("proc/1/net/snmp");
    let shown = network.run().unwrap();
    assert!(!shown.contains("vnet0") && shown.contains("vnet1"));
    assert!(!shown.contains("connections_active") && shown.contains("connections_limit"));
    assert!(!shown.contains("tcp_connections") && !shown.contains("\"retransmit\""));
    assert!(shown.contains("listen_drop"), "the other file is there");
    assert_eq!(network.forget(), "");
}

#[test]
fn a_counter_that_wraps_is_shown_as_it_is() {
    let tree = metal();
    let mut network = network(&tree);
    network.run().unwrap();
    let dev = std::fs::read_to_string(tree.path("proc/1/net/dev")).unwrap();
    tree.write(
        "proc/1/net/dev",
        &dev.replace("eno2: 4294967296", "eno2: 100"),
    );
    let shown = network.run().unwrap();
    has(
        &shown,
        "novacron_network_rx_bytes_total{interface=\"eno2\"} 100",
    );
}

#[test]
fn without_sys_counters_are_shown_and_the_run_is_partial() {
    let tree = metal();
    tree.remove("sys");
    let mut network = network(&tree);
    let shown = network.run().unwrap();
    has(
        &shown,
        "novacron_network_rx_bytes_total{interface=\"eno1\"} 98765432109876",
    );
    for unknown in ["interface_up", "switch_", "overlay", "speed"] {
        assert!(!shown.contains(unknown), "{unknown}");
    }
    assert_eq!(network.skipped.len(), 1);

    tree.remove("proc");
    assert_eq!(network.run().unwrap_err().kind(), CollectErrorKind::Absent);
    tree.write("proc/net/dev", "");
    assert_eq!(network.run().unwrap_err().kind(), CollectErrorKind::Failed);
}

#[test]
fn a_pipe_in_place_of_a_file_is_not_waited_for() {
    let tree = metal();
    for file in [
        "proc/1/net/snmp",
        "proc/1/net/softnet_stat",
        "sys/class/net/eno1/carrier",
        "sys/class/net/eno1/speed",
        "sys/class/net/vxlan42/uevent",
    ] {
        tree.pipe(file);
    }
    let began = Instant::now();
    let shown = network(&tree).run().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(!shown.contains("interface_up{interface=\"eno1\"}"));
    assert!(!shown.contains("softnet"));
}

#[test]
fn the_cards_are_shown_also_beside_ten_thousand_taps() {
    let tree = metal();
    let mut dev = std::fs::read_to_string(tree.path("proc/1/net/dev")).unwrap();
    for n in 0..10_000 {
        let _ = writeln!(dev, "tap{n:05}: {n} 1 0 0 0 0 0 0 {n} 1 0 0 0 0 0 0");
        // They are all alike.
        let tap = tree.path(&format!("sys/class/net/tap{n:05}"));
        std::os::unix::fs::symlink("vnet1", tap).unwrap();
    }
    tree.write("proc/1/net/dev", &dev);
    let mut network = network(&tree);
    let began = Instant::now();
    let shown = network.run().unwrap();
    println!(
        "10 000 taps in {:?}, {} bytes",
        began.elapsed(),
        shown.len()
    );
    let of = |family: &str| {
        shown
            .lines()
            .filter(|line| line.starts_with(family))
            .count()
    };
    assert_eq!(
        of("novacron_network_rx_bytes_total"),
        2048,
        "the label's cap"
    );
    for card in ["eno1", "eno2", "eno3", "ens1f0", "bond0", "br0"] {
        assert!(shown.contains(&format!("interface=\"{card}\"")), "{card}");
    }
    has(
        &shown,
        "novacron_network_switch_ports{switch=\"ovs-system\"} 10002",
    );
}

#[test]
fn this_machine_has_an_interface() {
    let settings = NetworkSettings {
        exclude: Vec::new().into(),
        switch_ports: true,
    };
    let root = novacron_collectors::Root::new("/");
    let shown = Shown::new(NetworkCollector::new(root, settings))
        .run()
        .unwrap();
    assert!(shown.contains("interface=\"lo\""), "{shown}");
}
