//! CPU, memory, disks and file systems.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_collectors::host::cpu::{CpuCollector, CpuSettings};
use novacron_collectors::host::disk::{DiskCollector, DiskSettings};
use novacron_collectors::host::filesystem::{FilesystemCollector, FilesystemSettings, Space};
use novacron_collectors::host::memory::{MemoryCollector, MemorySettings};
use novacron_telemetry::collect::{CollectErrorKind, Collector, Run};

use crate::support::{Shown, Tree, busy, golden, has, qemu};

pub(crate) fn cpu(root: &Root) -> CpuCollector {
    CpuCollector::new(root.clone(), CpuSettings::default())
}

pub(crate) fn memory(root: &Root) -> MemoryCollector {
    let settings = MemorySettings {
        page_bytes: Some(65_536),
        ..MemorySettings::default()
    };
    MemoryCollector::new(root.clone(), settings)
}

pub(crate) fn disk(root: &Root) -> DiskCollector {
    DiskCollector::new(root.clone(), DiskSettings::default())
}

/// Mounts that do not exist here, and what they say: btrfs has no inodes of its own, and the
/// server of the share is gone.
pub(crate) fn filesystem(root: &Root) -> FilesystemCollector {
    let settings = FilesystemSettings::default();
    FilesystemCollector::asking(root.clone(), settings, |path: &Path| {
        let path = path.to_string_lossy();
        if path.ends_with("/mnt") {
            return Err(io::Error::from_raw_os_error(116));
        }
        Ok(Space {
            block_bytes: 512,
            blocks: 7001,
            free: 5003,
            available: 3001,
            inodes: if path.ends_with("btrfs") { 0 } else { 907 },
            inodes_free: 411,
        })
    })
}

#[test]
fn a_guest_of_qemu_is_shown_as_its_kernel_has_it() {
    let mut cpu = Shown::new(cpu(&qemu()));
    let shown = cpu.run().unwrap();
    has(
        &shown,
        "novacron_system_cpu_seconds_total{cpu=\"3\",mode=\"system\"} 18.82",
    );
    has(&shown, "novacron_system_boot_time_seconds 1795232343");
    has(
        &shown,
        "novacron_system_pressure_stall_seconds_total{resource=\"cpu\",kind=\"some\"} 3.801972",
    );
    golden("cpu-qemu.prom", &cpu.exposition());

    let mut memory = Shown::new(memory(&qemu()));
    let shown = memory.run().unwrap();
    has(&shown, "novacron_host_memory_bytes 1007910912");
    has(
        &shown,
        "novacron_system_numa_distance{node=\"0\",peer=\"1\"} 20",
    );
    has(&shown, "novacron_system_hugepages{size=\"2048kB\"} 64");
    golden("memory-qemu.prom", &memory.exposition());

    let mut disk = Shown::new(disk(&qemu()));
    let shown = disk.run().unwrap();
    has(
        &shown,
        "novacron_system_disk_io_bytes_total{device=\"vdb\",direction=\"read\"} 32649216",
    );
    has(
        &shown,
        "novacron_system_raid_disks{device=\"md0\",state=\"active\"} 2",
    );
    assert!(
        !shown.contains("zram0") && !shown.contains("nvme0c0n1"),
        "{shown}"
    );
    golden("disk-qemu.prom", &disk.exposition());
    for skipped in [cpu.skipped, memory.skipped, disk.skipped] {
        assert_eq!(skipped, [""; 0]);
    }
}

#[test]
fn a_busy_host_is_shown_without_a_zero() {
    let tree = busy();
    let root = tree.root();
    let mut cpu = Shown::new(cpu(&root));
    let first = cpu.run().unwrap();
    assert!(
        !first.contains("cpu_usage_percent"),
        "there is no reading before the first"
    );
    // 100 ticks of core 1 and 100 of core 2 later: 50 user, 30 idle and 20 iowait, then all user.
    let stat = std::fs::read_to_string(tree.path("proc/stat")).unwrap();
    let later = stat
        .replace(
            "cpu1 500021 1001 150023 2000003 25007",
            "cpu1 500071 1001 150023 2000033 25027",
        )
        .replace("cpu2 500030", "cpu2 500130");
    tree.write("proc/stat", &later);
    let shown = cpu.run().unwrap();
    has(&shown, "novacron_system_cpu_usage_percent 75");
    assert!(
        !shown.contains("resource=\"cpu\",kind=\"full\""),
        "the kernel's 0 means nothing"
    );
    golden("cpu.prom", &cpu.exposition());

    let mut memory = Shown::new(memory(&root));
    let shown = memory.run().unwrap();
    has(
        &shown,
        "novacron_system_swap_io_bytes_total{direction=\"in\"} 20381696",
    );
    has(&shown, "novacron_system_ksm_profit_bytes -65536");
    golden("memory.prom", &memory.exposition());

    let mut disk = Shown::new(disk(&root));
    let shown = disk.run().unwrap();
    has(
        &shown,
        "novacron_system_raid_disks{device=\"md127\",state=\"failed\"} 1",
    );
    has(
        &shown,
        "novacron_system_disk_io_bytes_total{device=\"cciss/c1d2\",direction=\"read\"} 308736",
    );
    for left_out in ["sda1", "loop3", "nvme0c1n1"] {
        assert!(!shown.contains(left_out), "{left_out}: {shown}");
    }
    golden("disk.prom", &disk.exposition());

    let mut filesystem = Shown::new(filesystem(&root));
    let shown = filesystem.run().unwrap();
    has(
        &shown,
        "novacron_system_filesystem_read_only{mount_point=\"/media/install disc\"} 1",
    );
    has(
        &shown,
        "novacron_system_filesystem_device_error{mount_point=\"/mnt\"} 1",
    );
    has(
        &shown,
        "novacron_system_filesystem_info{mount_point=\"/mnt\",filesystem=\"nfs4\"} 1",
    );
    assert!(
        !shown.contains("filesystem_inodes{mount_point=\"/srv/btrfs\"}"),
        "{shown}"
    );
    for left_out in ["overlay", "/run/user", "autofs", "/proc"] {
        assert!(!shown.contains(left_out), "{left_out}: {shown}");
    }
    golden("filesystem.prom", &filesystem.exposition());
}

#[test]
fn what_is_forgotten_is_shown_no_more() {
    let tree = busy();
    let root = tree.root();
    fn forgotten<C: Collector>(collector: C) {
        let mut shown = Shown::new(collector);
        assert_ne!(shown.run().unwrap(), "");
        assert_eq!(shown.forget(), "", "{}", C::NAME);
    }
    forgotten(cpu(&root));
    forgotten(memory(&root));
    forgotten(disk(&root));
    forgotten(filesystem(&root));
}

#[test]
fn a_host_without_them_is_no_failure() {
    let nothing = Tree::new();
    let root = nothing.root();
    fn kind<C: Collector>(mut collector: C) -> CollectErrorKind {
        let error = collector.read(&mut Run::within(Duration::from_secs(5)));
        error.err().unwrap().kind()
    }
    assert_eq!(kind(cpu(&root)), CollectErrorKind::Absent);
    assert_eq!(kind(memory(&root)), CollectErrorKind::Absent);
    assert_eq!(kind(disk(&root)), CollectErrorKind::Absent);
    assert_eq!(kind(filesystem(&root)), CollectErrorKind::Absent);
}

#[test]
fn cores_of_the_sum_are_one() {
    let settings = CpuSettings {
        per_cpu: false,
        processes: false,
        frequency: false,
    };
    let tree = busy();
    let mut cpu = Shown::new(CpuCollector::new(tree.root(), settings));
    let shown = cpu.run().unwrap();
    has(
        &shown,
        "novacron_system_cpu_seconds_total{cpu=\"all\",mode=\"user\"} 10000.51",
    );
    assert!(
        !shown.contains("cpu=\"1\",mode") && !shown.contains("frequency"),
        "{shown}"
    );
    assert!(!shown.contains("novacron_system_processes"), "{shown}");
}

#[test]
fn a_core_that_goes_and_comes_back_takes_its_series_along() {
    let tree = busy();
    let mut cpu = Shown::new(cpu(&tree.root()));
    cpu.run().unwrap();
    let whole = std::fs::read_to_string(tree.path("proc/stat")).unwrap();
    let without: Vec<&str> = whole
        .lines()
        .filter(|line| !line.starts_with("cpu2"))
        .collect();
    tree.write("proc/stat", &(without.join("\n") + "\n"));
    let shown = cpu.run().unwrap();
    assert!(!shown.contains("seconds_total{cpu=\"2\""), "{shown}");
    has(
        &shown,
        "novacron_system_cpu_seconds_total{cpu=\"1\",mode=\"user\"} 5000.21",
    );
    // It begins anew: shown as it is, which is what rate() expects.
    tree.write(
        "proc/stat",
        &whole.replace("cpu2 500030 1002 150034 2000004", "cpu2 1 1 1 1"),
    );
    has(
        &cpu.run().unwrap(),
        "novacron_system_cpu_seconds_total{cpu=\"2\",mode=\"idle\"} 0.01",
    );
    // Idle goes back by three ticks, as it does: held, since a total that falls has begun anew.
    tree.write("proc/stat", &whole.replace(" 2000003 ", " 2000000 "));
    has(
        &cpu.run().unwrap(),
        "novacron_system_cpu_seconds_total{cpu=\"1\",mode=\"idle\"} 20000.03",
    );
}

#[test]
fn a_disk_that_is_pulled_takes_its_series_along() {
    let tree = busy();
    let mut disk = Shown::new(disk(&tree.root()));
    assert!(disk.run().unwrap().contains("device=\"vdb\""));
    let stats = std::fs::read_to_string(tree.path("proc/diskstats")).unwrap();
    let without: Vec<&str> = stats.lines().filter(|line| !line.contains("vdb")).collect();
    tree.write("proc/diskstats", &(without.join("\n") + "\n"));
    tree.remove("sys/block/vdb");
    assert!(!disk.run().unwrap().contains("vdb"));
}

/// A family has room for so many devices; the others are left out, and do not make it slow.
#[test]
fn ten_thousand_disks_are_bounded() {
    let tree = Tree::new();
    let mut stats = String::new();
    for disk in 0..10_000 {
        stats += &format!("8 {disk} sd{disk} 1 2 3 4 5 6 7 8 9 10 11\n");
        std::fs::create_dir_all(tree.path(&format!("sys/block/sd{disk}"))).unwrap();
    }
    tree.write("proc/diskstats", &stats);
    let mut disk = Shown::new(disk(&tree.root()));
    let begun = Instant::now();
    let shown = disk.run().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    let busy = shown
        .matches("novacron_system_disk_io_seconds_total{")
        .count();
    assert_eq!(busy, 128);
}

/// The server of a share does not answer: its mount is stuck, the others are as they are, and it
/// is as they are once the server is back.
#[test]
fn a_mount_whose_server_is_gone_is_stuck_and_the_others_are_not() {
    let tree = busy();
    let gate = std::sync::Arc::new(std::sync::Mutex::new(()));
    let closed = std::sync::Arc::clone(&gate);
    let settings = FilesystemSettings {
        mount_timeout: Duration::from_millis(300),
        ..FilesystemSettings::default()
    };
    let collector = FilesystemCollector::asking(tree.root(), settings, move |path: &Path| {
        if path.ends_with("mnt") {
            drop(closed.lock());
        }
        let (blocks, free) = (7001, 5003);
        Ok(Space {
            block_bytes: 512,
            blocks,
            free,
            ..Space::default()
        })
    });
    let mut filesystem = Shown::new(collector);
    let held = gate.lock().unwrap();
    for run in 0..5 {
        let begun = Instant::now();
        let shown = filesystem.run().unwrap();
        has(
            &shown,
            "novacron_system_filesystem_stuck{mount_point=\"/mnt\"} 1",
        );
        has(
            &shown,
            "novacron_system_filesystem_stuck{mount_point=\"/\"} 0",
        );
        has(
            &shown,
            "novacron_system_disk_size_bytes{mount_point=\"/\"} 3584512",
        );
        assert!(
            !shown.contains("size_bytes{mount_point=\"/mnt\"}"),
            "{shown}"
        );
        assert!(
            !shown.contains("device_error{mount_point=\"/mnt\"}"),
            "{shown}"
        );
        assert_eq!(filesystem.skipped, ["/mnt: it does not answer"]);
        assert!(run == 0 || begun.elapsed() < Duration::from_millis(300));
    }
    drop(held);
    let until = Instant::now() + Duration::from_secs(5);
    let healed = "novacron_system_filesystem_stuck{mount_point=\"/mnt\"} 0";
    while !filesystem.run().unwrap().contains(healed) {
        assert!(Instant::now() < until);
    }
}

#[test]
fn a_disk_of_an_array_that_does_not_say_what_it_is_is_not_guessed() {
    let tree = busy();
    tree.remove("sys/block/md127/md/dev-sdc/state");
    let mut disk = Shown::new(disk(&tree.root()));
    let shown = disk.run().unwrap();
    assert!(!shown.contains("raid_disks{"), "{shown}");
    has(
        &shown,
        "novacron_system_raid_disks_missing{device=\"md127\"} 2",
    );
    assert_eq!(disk.skipped.len(), 1, "{:?}", disk.skipped);
}

/// Each file in turn is something that is no file, or none that may be read: nobody waits, nobody
/// panics, and what comes from other files is shown.
#[test]
fn a_file_may_be_anything() {
    let tree = busy();
    let root = tree.root();
    let mut cases = 0;
    for path in crate::mutations::files(&tree) {
        let whole = std::fs::read(tree.path(&path)).unwrap();
        tree.remove(&path);
        for fault in FAULTS {
            fault(&tree, &path);
            let begun = Instant::now();
            for shown in [
                Shown::new(cpu(&root)).run(),
                Shown::new(memory(&root)).run(),
                Shown::new(disk(&root)).run(),
                Shown::new(filesystem(&root)).run(),
            ] {
                let shown = shown.unwrap_or_default();
                let zero = shown
                    .lines()
                    .find(|line| line.ends_with(" 0") && !is_fact(line));
                assert_eq!(zero, None, "{path}");
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "{path}");
            tree.remove(&path);
            cases += 1;
        }
        std::fs::write(tree.path(&path), whole).unwrap();
    }
    println!("{cases} faults");
    assert!(cases > 400);
}

/// Families whose 0 says no.
fn is_fact(line: &str) -> bool {
    [
        "_read_only",
        "_device_error",
        "_stuck",
        "_raid_disks{",
        "_processes{",
        "_running",
    ]
    .iter()
    .any(|fact| line.contains(fact))
}

const FAULTS: [fn(&Tree, &str); 6] = [
    |tree, path| tree.pipe(path),
    |tree, path| std::fs::create_dir(tree.path(path)).unwrap(),
    |tree, path| std::os::unix::fs::symlink(tree.path(path), tree.path(path)).unwrap(),
    |tree, path| {
        std::os::unix::fs::symlink("../../../../../../etc/passwd", tree.path(path)).unwrap();
    },
    |tree, path| {
        let sparse = std::fs::File::create(tree.path(path)).unwrap();
        sparse.set_len(1 << 30).unwrap();
    },
    |tree, path| tree.write(path, "\u{0}\u{0}\n"),
];

/// The kernel's own files of this machine: read twice, and compared with what the kernel says
/// between the two.
#[test]
fn this_machine_is_shown_as_its_kernel_has_it() {
    let root = Root::new("/");
    let mut memory = Shown::new(MemoryCollector::new(
        root.clone(),
        MemorySettings::default(),
    ));
    let shown = memory.run().unwrap();
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total = meminfo
        .split_ascii_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024;
    has(&shown, &format!("novacron_host_memory_bytes {total}"));

    let mut cpu = Shown::new(cpu(&root));
    let first = cpu.run().unwrap();
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let deadline = Instant::now() + Duration::from_millis(300);
    while Instant::now() < deadline {
        std::hint::spin_loop();
    }
    let last = cpu.run().unwrap();
    let core = stat.lines().find(|line| line.starts_with("cpu0 ")).unwrap();
    let between: f64 = core.split(' ').nth(1).unwrap().parse::<f64>().unwrap() / 100.0;
    let name = "novacron_system_cpu_seconds_total{cpu=\"0\",mode=\"user\"}";
    assert!(value(&first, name) <= between && between <= value(&last, name));
    let busy = value(&last, "novacron_system_cpu_usage_percent");
    assert!(busy > 0.0 && busy <= 100.0, "{busy}");
    let switches = "novacron_system_context_switches_total";
    assert!(value(&first, switches) < value(&last, switches));
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!(value(&last, "novacron_system_cpu_cores") >= cores as f64);
    assert!(cpu.skipped.is_empty(), "{:?}", cpu.skipped);

    let settings = FilesystemSettings::default();
    let mut filesystem = Shown::new(FilesystemCollector::new(root.clone(), settings));
    let shown = filesystem.run().unwrap();
    let stat = rustix::fs::statvfs("/").unwrap();
    let size = stat.f_blocks * stat.f_frsize;
    if shown.contains("filesystem_stuck{mount_point=\"/\"} 0") {
        has(
            &shown,
            &format!("novacron_system_disk_size_bytes{{mount_point=\"/\"}} {size}"),
        );
    }

    match Shown::new(disk(&root)).run() {
        Ok(shown) => assert!(
            shown.is_empty() || shown.contains("disk_io_bytes_total"),
            "{shown}"
        ),
        Err(error) => assert_eq!(error.kind(), CollectErrorKind::Absent),
    }
}

fn value(shown: &str, series: &str) -> f64 {
    let line = shown.lines().find_map(|line| line.strip_prefix(series));
    let value = line.and_then(|value| value.strip_prefix(' '));
    value
        .unwrap_or_else(|| panic!("no {series}"))
        .parse()
        .unwrap()
}

/// Where the tree is that the other process of the next test reads.
const FORBIDDEN: &str = "NOVACRON_FORBIDDEN_HOST";

/// As somebody who may not read them: the collectors say so, and do not fail.
#[test]
fn files_that_may_not_be_read_are_left_out_and_named() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let denied = |root: Root| {
        let mut cpu = Shown::new(cpu(&root));
        let shown = cpu.run().unwrap();
        assert!(!shown.contains("load_average") && !shown.contains("resource=\"io\""));
        has(&shown, "novacron_system_context_switches_total 4393071");
        assert_eq!(cpu.skipped.len(), 2, "{:?}", cpu.skipped);
        let mut memory = Shown::new(memory(&root));
        let shown = memory.run().unwrap();
        assert!(!shown.contains("page_faults"), "{shown}");
        let skipped = &memory.skipped;
        assert!(skipped[0].starts_with("proc/vmstat"), "{skipped:?}");
    };
    if let Some(tree) = std::env::var_os(FORBIDDEN) {
        return denied(Root::new(tree));
    }
    let tree = busy();
    let permit = |path: &Path, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).unwrap();
    };
    permit(&tree.path(""), 0o755);
    for path in ["proc/loadavg", "proc/vmstat", "proc/pressure/io"] {
        permit(&tree.path(path), 0);
    }
    if std::fs::read(tree.path("proc/loadavg")).is_err() {
        return denied(tree.root());
    }
    // Nothing is forbidden to root: somebody else tries, with a copy of this program that lies
    // where everybody may go.
    let program = tree.path("it");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    permit(&program, 0o755);
    let status = std::process::Command::new(&program)
        .args([
            "--exact",
            "host::files_that_may_not_be_read_are_left_out_and_named",
        ])
        .env(FORBIDDEN, tree.path(""))
        .uid(65534)
        .gid(65534)
        .status();
    assert!(status.unwrap().success());
}
