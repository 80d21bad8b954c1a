//! Sensors, energy and memory errors.

use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_collectors::hardware::{EdacCollector, PowerCollector, SensorsCollector};
use novacron_telemetry::collect::CollectErrorKind;

use crate::support::{Shown, Tree, golden, has, metal, qemu};

/// The sensors below this root.
pub(crate) fn sensors(root: &Root) -> SensorsCollector {
    SensorsCollector::new(root.clone())
}

/// The energy used below this root.
pub(crate) fn power(root: &Root) -> PowerCollector {
    PowerCollector::new(root.clone())
}

/// The memory errors below this root.
pub(crate) fn edac(root: &Root) -> EdacCollector {
    EdacCollector::new(root.clone())
}

fn temperature(sensor: &str, celsius: &str) -> String {
    format!("novacron_hardware_temperature_celsius{{sensor=\"{sensor}\"}} {celsius}")
}

#[test]
fn a_host_of_metal_has_sensors() {
    let tree = metal();
    let mut sensors = Shown::new(SensorsCollector::new(tree.root()));
    sensors.run().unwrap();
    assert_eq!(sensors.skipped, [""; 0]);
    golden("sensors.prom", &sensors.exposition());
    assert_eq!(sensors.forget(), "");
}

#[test]
fn a_guest_of_qemu_has_sensors_too() {
    let mut sensors = Shown::new(SensorsCollector::new(qemu()));
    let shown = sensors.run().unwrap();
    has(&shown, &temperature("nvme/hwmon0/Composite", "49.85"));
    has(&shown, &temperature("lm75/hwmon1/temp1", "0"));
    golden("sensors-qemu.prom", &sensors.exposition());
}

#[test]
fn chips_and_channels_of_one_name_are_told_apart() {
    let tree = metal();
    let shown = Shown::new(SensorsCollector::new(tree.root()))
        .run()
        .unwrap();
    has(
        &shown,
        &temperature("coretemp/coretemp.0/Package id 0", "61"),
    );
    has(
        &shown,
        &temperature("coretemp/coretemp.0/Core 0 temp2", "58.5"),
    );
    has(
        &shown,
        &temperature("coretemp/coretemp.0/Core 0 temp3", "59"),
    );
    has(
        &shown,
        &temperature("coretemp/coretemp.1/Package id 1", "-5"),
    );
    // The limit is named like what it limits.
    has(
        &shown,
        "novacron_hardware_temperature_critical_celsius{sensor=\"coretemp/coretemp.0/Core 0 temp2\"} 101",
    );
    // A sensor that falls silent does not rename its neighbour, and a chip whose labels cannot be
    // read has no sensors rather than others.
    tree.pipe("sys/class/hwmon/hwmon0/temp2_input");
    let shown = Shown::new(SensorsCollector::new(tree.root()))
        .run()
        .unwrap();
    has(
        &shown,
        &temperature("coretemp/coretemp.0/Core 0 temp3", "59"),
    );
    tree.pipe("sys/class/hwmon/hwmon0/temp1_label");
    let shown = Shown::new(SensorsCollector::new(tree.root()))
        .run()
        .unwrap();
    assert!(!shown.contains("coretemp.0"));
    // The same driver twice on one device.
    tree.write("sys/class/hwmon/hwmon8/name", "coretemp\n");
    tree.write("sys/class/hwmon/hwmon8/temp1_input", "1000\n");
    std::os::unix::fs::symlink(
        "../../../devices/platform/coretemp.1",
        tree.path("sys/class/hwmon/hwmon8/device"),
    )
    .unwrap();
    let shown = Shown::new(SensorsCollector::new(tree.root()))
        .run()
        .unwrap();
    has(
        &shown,
        &temperature("coretemp/coretemp.1/hwmon1/Package id 1", "-5"),
    );
    has(
        &shown,
        &temperature("coretemp/coretemp.1/hwmon8/temp1", "1"),
    );
}

#[test]
fn a_channel_that_does_not_answer_has_no_value() {
    let tree = metal();
    let mut sensors = Shown::new(SensorsCollector::new(tree.root()));
    for (path, broken) in [
        ("sys/class/hwmon/hwmon0/temp1_input", "6x\n"),
        ("sys/class/hwmon/hwmon0/temp2_input", "\n"),
        ("sys/class/hwmon/hwmon3/power1_average", "N/A\n"),
    ] {
        tree.write(path, broken);
    }
    // What cannot be read at all: a pipe nobody writes to, a folder.
    tree.pipe("sys/class/hwmon/hwmon0/temp3_input");
    tree.remove("sys/class/hwmon/hwmon1/temp1_input");
    std::fs::create_dir(tree.path("sys/class/hwmon/hwmon1/temp1_input")).unwrap();
    let shown = sensors.run().unwrap();
    for gone in ["coretemp", "power_meter", "fan3", "temp7"] {
        assert!(!shown.contains(gone), "{gone}: {shown}");
    }
    // Fans that stand still are not broken, those with a fault are.
    has(
        &shown,
        "novacron_hardware_fan_rpm{sensor=\"nct6775/hwmon2/fan2\"} 0",
    );
    assert_eq!(sensors.skipped, [""; 0], "no value is no failure");
}

#[test]
fn a_power_supply_without_input_is_down_and_a_regulator_is_none() {
    let tree = metal();
    let mut sensors = Shown::new(SensorsCollector::new(tree.root()));
    let shown = sensors.run().unwrap();
    let up = |sensor: &str, up: u8| {
        format!("novacron_hardware_power_supply_up{{sensor=\"{sensor}\"}} {up}")
    };
    for (sensor, is) in [
        ("pfe3000/hwmon4", 1),
        ("pfe3000/hwmon5", 0),
        ("AC0", 1),
        ("BAT0", 0),
        ("BAT1", 1),
    ] {
        has(&shown, &up(sensor, is));
    }
    assert_eq!(shown.matches("power_supply_up").count(), 5, "{shown}");
    tree.pipe("sys/class/power_supply/BAT0/health");
    tree.pipe("sys/class/power_supply/hid-mouse/scope");
    let shown = sensors.run().unwrap();
    assert!(!shown.contains("BAT0") && !shown.contains("mouse"));
    // What comes out is unknown: so is the supply.
    tree.remove("sys/class/hwmon/hwmon4/in2_input");
    assert!(!sensors.run().unwrap().contains(&up("pfe3000/hwmon4", 1)));
}

#[test]
fn cards_have_links_and_virtual_functions_have_none() {
    let tree = metal();
    let shown = Shown::new(SensorsCollector::new(tree.root()))
        .run()
        .unwrap();
    let links: Vec<_> = shown
        .lines()
        .filter(|line| line.contains("nic_up"))
        .collect();
    assert_eq!(
        links,
        [
            "novacron_hardware_nic_up{interface=\"eno1\"} 1",
            "novacron_hardware_nic_up{interface=\"eno2\"} 0",
            "novacron_hardware_nic_up{interface=\"eno3\"} 0",
            "novacron_hardware_nic_up{interface=\"ens1f0\"} 1",
        ]
    );
}

#[test]
fn a_slow_chip_is_left_alone_and_its_last_values_are_kept_for_a_while() {
    let tree = metal();
    // With no time at all every chip is too slow, before its first channel.
    let mut sensors = Shown::new(SensorsCollector::with_budget(tree.root(), Duration::ZERO));
    let shown = sensors.run().unwrap();
    assert!(!shown.contains("coretemp"));
    assert!(
        shown.contains("thermal_zone0/acpitz"),
        "what is no chip is read"
    );
    assert!(
        sensors.skipped[0].starts_with("coretemp/coretemp.0: too slow"),
        "{:?}",
        sensors.skipped
    );
    sensors.run().unwrap();
    assert!(
        sensors.skipped[0].contains("left alone"),
        "{:?}",
        sensors.skipped
    );

    // A run without time left shows what was measured last.
    let mut sensors = Shown::new(SensorsCollector::new(tree.root()));
    let first = sensors.run().unwrap();
    tree.write("sys/class/hwmon/hwmon0/temp1_input", "99000\n");
    assert_eq!(sensors.run_within(Duration::ZERO).unwrap(), first);
    assert!(sensors.skipped[0].contains("no time left"));
    // A chip that is gone is gone, though.
    tree.remove("sys/class/hwmon/hwmon0");
    assert!(
        !sensors
            .run_within(Duration::ZERO)
            .unwrap()
            .contains("coretemp.0")
    );
}

#[test]
fn without_hardware_there_is_nothing_to_read() {
    let tree = Tree::new();
    let absent = |error: novacron_telemetry::collect::CollectError| {
        assert_eq!(error.kind(), CollectErrorKind::Absent, "{error}");
    };
    absent(
        Shown::new(SensorsCollector::new(tree.root()))
            .run()
            .unwrap_err(),
    );
    absent(
        Shown::new(PowerCollector::new(tree.root()))
            .run()
            .unwrap_err(),
    );
    absent(
        Shown::new(EdacCollector::new(tree.root()))
            .run()
            .unwrap_err(),
    );
    for folder in [
        "sys/class/hwmon",
        "sys/class/powercap/intel-rapl",
        "sys/devices/system/edac/mc",
    ] {
        std::fs::create_dir_all(tree.path(folder)).unwrap();
    }
    absent(
        Shown::new(SensorsCollector::new(tree.root()))
            .run()
            .unwrap_err(),
    );
    absent(
        Shown::new(PowerCollector::new(tree.root()))
            .run()
            .unwrap_err(),
    );
    absent(
        Shown::new(EdacCollector::new(tree.root()))
            .run()
            .unwrap_err(),
    );
}

#[test]
fn energy_goes_on_over_a_wrap() {
    let tree = metal();
    let mut power = Shown::new(PowerCollector::new(tree.root()));
    let shown = power.run().unwrap();
    let zone = |zone: &str, joules: &str| {
        format!("novacron_hardware_energy_joules_total{{zone=\"{zone}\"}} {joules}")
    };
    has(&shown, &zone("package-0", "261000.123456"));
    has(&shown, &zone("package-0 (intel-rapl-mmio)", "77"));
    has(&shown, &zone("package-0/dram", "1.5"));
    golden("power.prom", &power.exposition());

    let energy = "sys/class/powercap/intel-rapl:0/energy_uj";
    // 262 143.328 850 J - 261 000.123 456 J, and 10 J more.
    tree.write(energy, "10000000\n");
    let shown = power.run().unwrap();
    has(&shown, &zone("package-0", "262153.32885"));
    // A reading that is broken is left out; the next one goes on.
    tree.write(energy, "\n");
    assert!(!power.run().unwrap().contains("zone=\"package-0\""));
    assert_eq!(power.skipped.len(), 1);
    tree.write(energy, "11000000\n");
    has(&power.run().unwrap(), &zone("package-0", "262154.32885"));
}

/// Where the tree is that the other process of the next test reads.
const FORBIDDEN: &str = "NOVACRON_FORBIDDEN_TREE";

#[test]
fn energy_that_is_roots_alone_is_denied() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let denied = |root: Root| {
        let error = Shown::new(PowerCollector::new(root)).run().unwrap_err();
        assert_eq!(error.kind(), CollectErrorKind::Denied, "{error}");
    };
    if let Some(tree) = std::env::var_os(FORBIDDEN) {
        return denied(Root::new(tree));
    }
    let tree = metal();
    let forbid = |path: &str, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(tree.path(path), mode).unwrap();
    };
    forbid("", 0o755);
    for zone in [
        "intel-rapl:0",
        "intel-rapl:0:0",
        "intel-rapl:1",
        "intel-rapl-mmio:0",
    ] {
        forbid(&format!("sys/class/powercap/{zone}/energy_uj"), 0);
    }
    if std::fs::read(tree.path("sys/class/powercap/intel-rapl:0/energy_uj")).is_err() {
        return denied(tree.root());
    }
    // Nothing is forbidden to root: somebody else has to try.
    let test = "hardware::energy_that_is_roots_alone_is_denied";
    let other = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(FORBIDDEN, tree.path(""))
        .uid(65534)
        .gid(65534)
        .status();
    match other {
        Ok(status) => assert!(status.success()),
        // This test lies in a folder of root's.
        Err(error) => println!("left out: {error}"),
    }
}

#[test]
fn memory_errors_are_shown_and_a_sum_is_whole_or_nothing() {
    let tree = metal();
    let mut edac = Shown::new(EdacCollector::new(tree.root()));
    let shown = edac.run().unwrap();
    has(
        &shown,
        "novacron_hardware_memory_errors_total{kind=\"corrected\"} 21",
    );
    golden("edac.prom", &edac.exposition());
    tree.write("sys/devices/system/edac/mc/mc1/ce_count", "\n");
    let shown = edac.run().unwrap();
    assert!(!shown.contains("memory_errors_total{kind=\"corrected\"}"));
    has(
        &shown,
        "novacron_hardware_memory_errors_total{kind=\"uncorrected\"} 1",
    );
    has(
        &shown,
        "novacron_hardware_memory_controller_errors_total{controller=\"mc0\",kind=\"corrected\"} 17",
    );
    assert_eq!(edac.skipped.len(), 1);
}

#[test]
fn thousands_of_sensors_are_capped() {
    let tree = metal();
    for n in 0..2_000 {
        tree.write(
            &format!("sys/class/hwmon/hwmon2/temp{}_input", 100 + n),
            "1000\n",
        );
    }
    let mut sensors = Shown::new(SensorsCollector::with_budget(
        tree.root(),
        Duration::from_secs(50),
    ));
    let began = Instant::now();
    let shown = sensors.run().unwrap();
    println!("2 000 sensors in {:?}", began.elapsed());
    assert_eq!(shown.matches("temperature_celsius{").count(), 256);
}
