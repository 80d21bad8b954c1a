//! Beside node_exporter: the same kernel, the same counters.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::exporter::{Exporter, free_address};
use crate::judge::Verdict;
use crate::lab::{Lab, Part, wait_for};
use crate::scrape::{self, Exposition};

/// One fact under both names.
struct Same {
    theirs: &'static str,
    /// What distinguishes it in their family, where one family of theirs holds several of ours.
    where_theirs: &'static [(&'static str, &'static str)],
    ours: &'static str,
    where_ours: &'static [(&'static str, &'static str)],
    /// Their label and ours for the thing that is counted: a core, a device.
    by: &'static [(&'static str, &'static str)],
    /// Ours in theirs.
    unit: f64,
    moves: Moves,
}

#[derive(Clone, Copy, PartialEq)]
enum Moves {
    /// Only upwards: ours lies between two readings of theirs.
    Up,
    /// Both ways: the same where two readings of theirs are.
    Freely,
    /// Both ways and all the time: somewhere near both readings of theirs.
    Roughly,
}

const fn counter(theirs: &'static str, ours: &'static str) -> Same {
    Same {
        theirs,
        where_theirs: &[],
        ours,
        where_ours: &[],
        by: &[],
        unit: 1.0,
        moves: Moves::Up,
    }
}

const fn gauge(theirs: &'static str, ours: &'static str) -> Same {
    Same {
        moves: Moves::Freely,
        ..counter(theirs, ours)
    }
}

type Labels = &'static [(&'static str, &'static str)];

impl Same {
    const fn with(self, where_ours: Labels) -> Same {
        Same { where_ours, ..self }
    }

    const fn by(self, by: Labels) -> Same {
        Same { by, ..self }
    }

    const fn times(self, unit: f64) -> Same {
        Same { unit, ..self }
    }
}

const DEVICE: Labels = &[("device", "device")];
const INTERFACE: Labels = &[("device", "interface")];
const MOUNT: Labels = &[("mountpoint", "mount_point")];
const CORE: Labels = &[("cpu", "cpu")];
const READ: Labels = &[("operation", "read")];
const WRITE: Labels = &[("operation", "write")];
const DISCARD: Labels = &[("operation", "discard")];
const FLUSH: Labels = &[("operation", "flush")];
const RECEIVE: Labels = &[("direction", "receive")];
const TRANSMIT: Labels = &[("direction", "transmit")];

const CPU: &[Same] = &[
    counter(
        "node_cpu_seconds_total",
        "novacron_system_cpu_seconds_total",
    )
    .by(&[("cpu", "cpu"), ("mode", "mode")]),
    counter(
        "node_context_switches_total",
        "novacron_system_context_switches_total",
    ),
    counter("node_intr_total", "novacron_system_interrupts_total"),
    counter("node_forks_total", "novacron_system_tasks_created_total"),
    gauge(
        "node_boot_time_seconds",
        "novacron_system_boot_time_seconds",
    ),
    gauge("node_load1", "novacron_system_load_average").with(&[("period", "1m")]),
    gauge("node_load5", "novacron_system_load_average").with(&[("period", "5m")]),
    gauge("node_load15", "novacron_system_load_average").with(&[("period", "15m")]),
    gauge(
        "node_filefd_maximum",
        "novacron_system_file_descriptors_limit",
    ),
    pressure(
        "node_pressure_cpu_waiting_seconds_total",
        &[("resource", "cpu"), ("kind", "some")],
    ),
    pressure(
        "node_pressure_io_waiting_seconds_total",
        &[("resource", "io"), ("kind", "some")],
    ),
    pressure(
        "node_pressure_io_stalled_seconds_total",
        &[("resource", "io"), ("kind", "full")],
    ),
    pressure(
        "node_pressure_memory_waiting_seconds_total",
        &[("resource", "memory"), ("kind", "some")],
    ),
    pressure(
        "node_pressure_memory_stalled_seconds_total",
        &[("resource", "memory"), ("kind", "full")],
    ),
];

const fn pressure(theirs: &'static str, what: Labels) -> Same {
    counter(theirs, "novacron_system_pressure_stall_seconds_total").with(what)
}

const fn area(theirs: &'static str, what: Labels) -> Same {
    gauge(theirs, "novacron_system_memory_area_bytes").with(what)
}

const fn lively(theirs: &'static str, what: Labels) -> Same {
    Same {
        moves: Moves::Roughly,
        ..area(theirs, what)
    }
}

const MEMORY: &[Same] = &[
    gauge("node_memory_MemTotal_bytes", "novacron_host_memory_bytes"),
    Same {
        moves: Moves::Roughly,
        ..gauge(
            "node_memory_MemAvailable_bytes",
            "novacron_system_memory_available_bytes",
        )
    },
    gauge(
        "node_memory_SwapTotal_bytes",
        "novacron_system_swap_size_bytes",
    ),
    lively("node_memory_MemFree_bytes", &[("area", "free")]),
    lively("node_memory_Buffers_bytes", &[("area", "buffers")]),
    lively("node_memory_Cached_bytes", &[("area", "cached")]),
    area("node_memory_SwapCached_bytes", &[("area", "swap_cached")]),
    lively("node_memory_Active_file_bytes", &[("area", "active_file")]),
    lively(
        "node_memory_Inactive_file_bytes",
        &[("area", "inactive_file")],
    ),
    area("node_memory_Unevictable_bytes", &[("area", "unevictable")]),
    area("node_memory_Mlocked_bytes", &[("area", "locked")]),
    area("node_memory_Shmem_bytes", &[("area", "shared")]),
    lively(
        "node_memory_SReclaimable_bytes",
        &[("area", "slab_reclaimable")],
    ),
    lively(
        "node_memory_SUnreclaim_bytes",
        &[("area", "slab_unreclaimable")],
    ),
    area("node_memory_CommitLimit_bytes", &[("area", "commit_limit")]),
    area("node_memory_Percpu_bytes", &[("area", "per_cpu")]),
    area(
        "node_memory_HardwareCorrupted_bytes",
        &[("area", "hardware_corrupted")],
    ),
    area("node_memory_Hugetlb_bytes", &[("area", "hugetlb")]),
    counter("node_vmstat_pgfault", "novacron_system_page_faults_total"),
    counter(
        "node_vmstat_pgmajfault",
        "novacron_system_major_page_faults_total",
    ),
    counter("node_vmstat_oom_kill", "novacron_system_oom_kills_total"),
    // The kernel counts KiB here.
    counter("node_vmstat_pgpgin", "novacron_system_paging_bytes_total")
        .with(&[("direction", "read")])
        .times(1024.0),
    counter("node_vmstat_pgpgout", "novacron_system_paging_bytes_total")
        .with(&[("direction", "write")])
        .times(1024.0),
];

const fn disk(theirs: &'static str, ours: &'static str, which: Labels) -> Same {
    counter(theirs, ours).with(which).by(DEVICE)
}

const DISK: &[Same] = &[
    disk(
        "node_disk_read_bytes_total",
        "novacron_system_disk_io_bytes_total",
        &[("direction", "read")],
    ),
    disk(
        "node_disk_written_bytes_total",
        "novacron_system_disk_io_bytes_total",
        &[("direction", "write")],
    ),
    disk(
        "node_disk_io_time_seconds_total",
        "novacron_system_disk_io_seconds_total",
        &[],
    ),
    disk(
        "node_disk_io_time_weighted_seconds_total",
        "novacron_system_disk_io_weighted_seconds_total",
        &[],
    ),
    disk(
        "node_disk_reads_completed_total",
        "novacron_system_disk_operations_total",
        READ,
    ),
    disk(
        "node_disk_writes_completed_total",
        "novacron_system_disk_operations_total",
        WRITE,
    ),
    disk(
        "node_disk_discards_completed_total",
        "novacron_system_disk_operations_total",
        DISCARD,
    ),
    disk(
        "node_disk_flush_requests_total",
        "novacron_system_disk_operations_total",
        FLUSH,
    ),
    disk(
        "node_disk_read_time_seconds_total",
        "novacron_system_disk_operation_seconds_total",
        READ,
    ),
    disk(
        "node_disk_write_time_seconds_total",
        "novacron_system_disk_operation_seconds_total",
        WRITE,
    ),
    disk(
        "node_disk_discard_time_seconds_total",
        "novacron_system_disk_operation_seconds_total",
        DISCARD,
    ),
    disk(
        "node_disk_reads_merged_total",
        "novacron_system_disk_merged_operations_total",
        READ,
    ),
    disk(
        "node_disk_writes_merged_total",
        "novacron_system_disk_merged_operations_total",
        WRITE,
    ),
    disk(
        "node_disk_discarded_sectors_total",
        "novacron_system_disk_discarded_bytes_total",
        &[],
    )
    .times(512.0),
];

const FILESYSTEM: &[Same] = &[
    gauge(
        "node_filesystem_size_bytes",
        "novacron_system_disk_size_bytes",
    )
    .by(MOUNT),
    gauge(
        "node_filesystem_avail_bytes",
        "novacron_system_filesystem_available_bytes",
    )
    .by(MOUNT),
    gauge("node_filesystem_files", "novacron_system_filesystem_inodes").by(MOUNT),
    gauge(
        "node_filesystem_files_free",
        "novacron_system_disk_inodes_free",
    )
    .by(MOUNT),
    gauge(
        "node_filesystem_readonly",
        "novacron_system_filesystem_read_only",
    )
    .by(MOUNT),
    gauge(
        "node_filesystem_device_error",
        "novacron_system_filesystem_device_error",
    )
    .by(MOUNT),
];

const fn interface(theirs: &'static str, ours: &'static str, way: Labels) -> Same {
    counter(theirs, ours).with(way).by(INTERFACE)
}

const NETWORK: &[Same] = &[
    interface(
        "node_network_receive_bytes_total",
        "novacron_system_network_bytes_total",
        RECEIVE,
    ),
    interface(
        "node_network_transmit_bytes_total",
        "novacron_system_network_bytes_total",
        TRANSMIT,
    ),
    interface(
        "node_network_receive_errs_total",
        "novacron_system_network_errors_total",
        RECEIVE,
    ),
    interface(
        "node_network_transmit_errs_total",
        "novacron_system_network_errors_total",
        TRANSMIT,
    ),
    interface(
        "node_network_receive_drop_total",
        "novacron_system_network_drops_total",
        RECEIVE,
    ),
    interface(
        "node_network_transmit_drop_total",
        "novacron_system_network_drops_total",
        TRANSMIT,
    ),
    counter(
        "node_softnet_processed_total",
        "novacron_network_softnet_packets_total",
    )
    .by(CORE),
    counter(
        "node_softnet_dropped_total",
        "novacron_network_softnet_drops_total",
    )
    .by(CORE),
    counter(
        "node_softnet_times_squeezed_total",
        "novacron_network_softnet_squeezes_total",
    )
    .by(CORE),
    counter(
        "node_netstat_Tcp_InSegs",
        "novacron_network_tcp_segments_total",
    )
    .with(RECEIVE),
    counter(
        "node_netstat_Tcp_OutSegs",
        "novacron_network_tcp_segments_total",
    )
    .with(TRANSMIT),
    counter(
        "node_netstat_Tcp_RetransSegs",
        "novacron_network_tcp_events_total",
    )
    .with(&[("event", "retransmit")]),
    counter(
        "node_netstat_Tcp_OutRsts",
        "novacron_network_tcp_events_total",
    )
    .with(&[("event", "reset_sent")]),
    counter(
        "node_netstat_TcpExt_ListenDrops",
        "novacron_network_tcp_events_total",
    )
    .with(&[("event", "listen_drop")]),
    gauge(
        "node_nf_conntrack_entries_limit",
        "novacron_network_connections_limit",
    ),
];

#[test]
fn the_host_is_what_node_exporter_says_it_is() {
    let parts = [Part::NodeExporter];
    let Some(lab) = Lab::enter("the_host_is_what_node_exporter_says_it_is", &parts) else {
        return;
    };
    let judge = NodeExporter::start();
    let collectors = ["cpu", "memory", "disk", "filesystem", "network"];
    let settings: String = collectors
        .iter()
        .map(|name| format!("[collectors.{name}]\ninterval = \"1s\"\n"))
        .collect();
    let exporter = Exporter::start(
        &lab,
        "host",
        &format!("collect_libvirt_stats = false\ncollect_container_stats = false\n{settings}"),
    );

    let mut verdict = Verdict::default();
    let facts: Vec<&Same> = [CPU, MEMORY, DISK, FILESYSTEM, NETWORK]
        .into_iter()
        .flatten()
        .collect();
    for _ in 0..4 {
        let before = judge.scrape();
        let ours = exporter.after_rounds_of(&collectors);
        let after = judge.scrape();
        for same in &facts {
            compare(&mut verdict, same, &before, &ours, &after);
        }
    }
    // Everything that can be expected to stand still, or to only rise, was compared.
    let compared: Vec<&str> = facts
        .iter()
        .filter(|same| same.moves != Moves::Freely)
        .map(|same| same.theirs)
        .chain([
            "node_boot_time_seconds",
            "node_memory_MemTotal_bytes",
            "node_filesystem_size_bytes",
            "node_filesystem_files",
            "node_filesystem_readonly",
            "node_filefd_maximum",
        ])
        .collect();
    verdict.assert("the host beside node_exporter", &compared);
}

fn compare(
    verdict: &mut Verdict,
    same: &Same,
    before: &Exposition,
    ours: &Exposition,
    after: &Exposition,
) {
    for first in before.all(same.theirs, same.where_theirs) {
        let theirs: Vec<(&str, &str)> = first
            .labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let Some(second) = after.value(same.theirs, &theirs) else {
            continue; // an interface or a mount that went meanwhile
        };
        let mut labels = same.where_ours.to_vec();
        labels.extend(
            same.by
                .iter()
                .map(|(their, our)| (*our, first.label(their))),
        );
        // Each side leaves out other devices by default: judged is what both show. A core is
        // never left out.
        let device =
            |(_, our): &&(&str, &str)| ["device", "interface", "mount_point"].contains(our);
        if same.by.iter().any(|by| device(&by)) && ours.all(same.ours, &labels).next().is_none() {
            continue;
        }
        let shown = ours.value(same.ours, &labels);
        let (first, second) = (first.value * same.unit, second * same.unit);
        match same.moves {
            Moves::Up => verdict.counter(same.theirs, first, shown, second),
            Moves::Freely => verdict.gauge(same.theirs, first, shown, second),
            // Half: a wrong unit is off by far more.
            Moves::Roughly => verdict.near(same.theirs, first, shown, second, 0.5),
        }
    }
}

/// node_exporter with its defaults; stopped at the end of the test.
struct NodeExporter {
    child: Child,
    address: std::net::SocketAddr,
}

impl NodeExporter {
    #[track_caller]
    fn start() -> NodeExporter {
        let address = free_address();
        let child = ["prometheus-node-exporter", "node_exporter"]
            .into_iter()
            .find_map(|program| {
                Command::new(program)
                    .arg(format!("--web.listen-address={address}"))
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .ok()
            })
            .expect("node_exporter starts");
        let judge = NodeExporter { child, address };
        wait_for("node_exporter answers", Duration::from_secs(15), || {
            scrape::get(address, "/metrics").ok()
        });
        judge
    }

    #[track_caller]
    fn scrape(&self) -> Exposition {
        let answer = scrape::get(self.address, "/metrics").expect("node_exporter answers");
        Exposition::parse(&answer.body)
    }
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
