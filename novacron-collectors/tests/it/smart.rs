//! Disks, and a smartctl that behaves in every way there is.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_collectors::hardware::smart::report::{Answer, Report, parse};
use novacron_collectors::hardware::smart::{SmartCollector, SmartSettings};
use novacron_telemetry::collect::{CollectError, CollectErrorKind};

use crate::mutations::{Dice, numbers, same};
use crate::support::{Shown, Tree, fixture, golden, has, metal};

fn settings() -> SmartSettings {
    SmartSettings {
        smartctl: Some(fixture("smart/smartctl")),
    }
}

/// A host with disks of these names.
fn host(disks: &[&str]) -> Tree {
    let tree = Tree::new();
    for disk in disks {
        tree.write(&format!("sys/block/{disk}/device/model"), "DISK\n");
    }
    tree
}

/// What comes of asking disks of these names, with two seconds for each.
fn ask(disks: &[&str]) -> (Result<String, CollectError>, Vec<String>) {
    let tree = host(disks);
    let timeout = Duration::from_secs(2);
    let mut smart = Shown::new(SmartCollector::with_timeout(
        tree.root(),
        settings(),
        timeout,
    ));
    let shown = smart.run();
    let left = processes_about(&tree);
    assert_eq!(left, [""; 0], "they are still there");
    (shown, smart.skipped)
}

/// Processes that have a path of this tree in their command line.
fn processes_about(tree: &Tree) -> Vec<String> {
    let root = tree.path("dev");
    let root = root.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(root))
        .collect()
}

#[test]
fn disks_of_each_kind_are_shown() {
    let tree = metal();
    let mut smart = Shown::new(SmartCollector::new(tree.root(), settings()));
    let shown = smart.run().unwrap();
    has(
        &shown,
        "novacron_hardware_disk_wear_ratio{device=\"nvme0n1\"} 1.03",
    );
    has(
        &shown,
        "novacron_hardware_disk_power_on_seconds_total{device=\"nvme0n1\"} 361800",
    );
    has(
        &shown,
        "novacron_hardware_disk_reallocated_sectors{device=\"sdc\"} 5",
    );
    // It sleeps and was not woken; the others are virtual, hidden, no disks.
    for none in ["sdb", "vda", "nvme0c0n1", "sr0", "dm-0", "loop0"] {
        assert!(!shown.contains(none), "{none}");
    }
    assert_eq!(smart.skipped, [""; 0]);
    golden("smart.prom", &smart.exposition());
    assert_eq!(smart.forget(), "");
}

#[test]
fn a_dying_disk_is_shown_although_its_smartctl_fails() {
    let (shown, skipped) = ask(&["dying", "sda"]);
    let shown = shown.unwrap();
    has(&shown, "novacron_hardware_disk_health{device=\"dying\"} 0");
    has(&shown, "novacron_hardware_disk_health{device=\"sda\"} 1");
    has(
        &shown,
        "novacron_hardware_disk_temperature_celsius{device=\"dying\"} -3",
    );
    assert_eq!(skipped, [""; 0]);
}

#[test]
fn a_smartctl_that_hangs_is_killed_with_all_it_started() {
    let began = Instant::now();
    let (shown, skipped) = ask(&["hang", "stubborn", "leaves", "lingers", "sda"]);
    let took = began.elapsed();
    println!("four that hang, with 2 s each: {took:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
    has(
        &shown.unwrap(),
        "novacron_hardware_disk_health{device=\"sda\"} 1",
    );
    assert_eq!(skipped.len(), 4);
    for why in skipped {
        assert!(why.ends_with("no answer in time"), "{why}");
    }
}

#[test]
fn what_is_printed_without_end_is_not_read_to_its_end() {
    let began = Instant::now();
    let (shown, skipped) = ask(&["endless", "gigabyte", "sda"]);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(shown.is_ok());
    assert_eq!(skipped.len(), 2);
    for why in skipped {
        assert!(why.ends_with("its output does not end"), "{why}");
    }
}

#[test]
fn garbage_is_no_report() {
    let (shown, skipped) = ask(&["deep", "noise", "nothing", "unheard-of"]);
    assert_eq!(shown.unwrap_err().kind(), CollectErrorKind::Failed);
    assert_eq!(skipped.len(), 4);
    for why in skipped {
        assert!(why.ends_with("its output is no JSON"), "{why}");
    }
    // JSON, of which nothing is what it should be.
    let (shown, _) = ask(&["odd"]);
    assert_eq!(shown.unwrap_err().kind(), CollectErrorKind::Absent);
}

#[test]
fn no_name_is_a_command_and_nothing_of_ours_is_handed_on() {
    let (shown, _) = ask(&["environment", "$(reboot)", "; reboot", "--help"]);
    has(
        &shown.unwrap(),
        "novacron_hardware_disk_health{device=\"environment\"} 1",
    );
}

#[test]
fn virtual_disks_are_absent_and_forbidden_ones_denied() {
    let (shown, skipped) = ask(&["vda"]);
    assert_eq!(shown.unwrap_err().kind(), CollectErrorKind::Absent);
    assert_eq!(skipped, [""; 0]);
    let (shown, _) = ask(&["vda", "denied"]);
    assert_eq!(shown.unwrap_err().kind(), CollectErrorKind::Denied);
    let (shown, _) = ask(&["sda", "denied"]);
    assert!(shown.is_ok());
}

#[test]
fn a_disk_that_failed_is_left_alone_for_a_while() {
    let tree = host(&["noise", "sda"]);
    let mut smart = Shown::new(SmartCollector::new(tree.root(), settings()));
    smart.run().unwrap();
    assert!(smart.skipped[0].contains("no JSON"));
    smart.run().unwrap();
    assert!(
        smart.skipped[0].contains("left alone"),
        "{:?}",
        smart.skipped
    );
}

#[test]
fn a_smartctl_that_is_not_there_is_absent_unless_it_was_asked_for() {
    let tree = host(&["sda"]);
    let run = |smartctl: &str| {
        let smartctl = Some(PathBuf::from(smartctl));
        let settings = SmartSettings { smartctl };
        Shown::new(SmartCollector::new(tree.root(), settings))
            .run()
            .unwrap_err()
    };
    for wrong in ["/nowhere/smartctl", "smartctl", "/usr/sbin"] {
        assert_eq!(run(wrong).kind(), CollectErrorKind::Failed, "{wrong}");
    }
}

#[test]
fn this_machines_disks_do_not_fail() {
    let root = Root::new("/");
    let mut smart = Shown::new(SmartCollector::new(root, SmartSettings::default()));
    match smart.run() {
        Ok(shown) => println!("{shown}"),
        Err(error) => {
            println!("{error}");
            assert_ne!(error.kind(), CollectErrorKind::Failed, "{error}");
        }
    }
}

#[test]
fn no_beginning_of_a_report_is_a_report() {
    for file in ["sda", "sdc", "nvme0n1", "dying"] {
        let json = std::fs::read(fixture(&format!("smart/{file}.json"))).unwrap();
        assert!(matches!(parse(&json), Answer::Report(_)));
        let text = json.trim_ascii_end();
        for end in 0..text.len() {
            assert!(matches!(parse(&text[..end]), Answer::Failed(_)), "{end}");
        }
    }
}

#[test]
fn what_is_of_another_type_is_left_out() {
    let json = |member: &str| format!("{{\"smartctl\":{{\"exit_status\":0}},{member}}}");
    let healthy = Answer::Report(Report {
        healthy: Some(true),
        ..Report::default()
    });
    let passed = "\"smart_status\":{\"passed\":true}";
    for beside in [
        "\"temperature\":[]",
        "\"temperature\":{\"current\":\"41\"}",
        "\"power_on_time\":{\"hours\":-1}",
        "\"power_on_time\":{\"minutes\":5}",
        "\"ata_smart_attributes\":{\"table\":{}}",
        "\"nvme_smart_health_information_log\":{\"percentage_used\":1e400}",
    ] {
        let text = json(&format!("{passed},{beside}"));
        // One of them is no JSON: its number is none.
        let expected = match beside.contains("1e400") {
            true => Answer::Failed("its output is no JSON".to_owned()),
            false => healthy.clone(),
        };
        assert_eq!(parse(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn a_report_that_was_changed_says_nothing_but_what_is_in_it() {
    let mut dice = Dice(0x5eed_0f5a_4a27);
    let (mut reports, mut values) = (0, 0);
    for file in ["sda", "sdc", "nvme0n1", "dying", "sdb", "odd"] {
        let json = std::fs::read(fixture(&format!("smart/{file}.json"))).unwrap();
        for _ in 0..20_000 {
            let mut broken = json.clone();
            for _ in 0..=dice.below(3) {
                dice.change(&mut broken);
            }
            let Answer::Report(report) = parse(&broken) else {
                continue;
            };
            reports += 1;
            let said = numbers(&broken);
            let counts = [report.media_errors, report.reallocated];
            let counts = counts.into_iter().flatten().map(|count| count as f64);
            let shown = report.temperature.into_iter().chain(counts);
            let shown = shown.chain(report.wear.map(|wear| wear * 100.0));
            for value in shown {
                values += 1;
                assert!(
                    said.iter().any(|said| same(*said, value)),
                    "{report:?} from {}",
                    broken.escape_ascii()
                );
            }
        }
    }
    println!("120 000 changes, {reports} reports, {values} values, and each of them was said");
    assert!(reports > 10_000);
}
