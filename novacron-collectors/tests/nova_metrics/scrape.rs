//! The first scrape, and what can be asked of it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{Exporter, samples, small_root, value};

/// Families of every Linux host.
const HOST: [&str; 4] = [
    "novacron_system_cpu_seconds_total",
    "novacron_system_memory_available_bytes",
    "novacron_exporter_build_info",
    "novacron_build_info",
];

#[test]
fn the_first_scrape_shows_the_host() {
    let exporter = Exporter::start(&[]);
    let begun = Instant::now();
    exporter.scrape_until("a host", |text| {
        HOST.iter().all(|family| !samples(text, family).is_empty())
    });
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "a scrape interval is shorter than {took:?}"
    );
}

#[test]
fn promtool_has_nothing_to_say_but_about_names_that_were_promised() {
    let exporter = Exporter::start(&[]);
    let text = exporter.scrape_until("a host", |text| {
        HOST.iter().all(|family| !samples(text, family).is_empty())
    });
    let Ok(mut promtool) = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        let strict = std::env::var("NOVACRON_TEST").is_ok_and(|test| test == "strict");
        assert!(!strict, "promtool is missing here");
        eprintln!("left out: promtool is missing here");
        return;
    };
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    let promised = ["novacron_libvirt_domains_total ", "novacron_vms_total "];
    for line in said.lines() {
        assert!(promised.iter().any(|name| line.starts_with(name)), "{line}");
    }
}

#[test]
fn a_scrape_may_ask_for_some_collectors() {
    let root = small_root();
    let exporter = Exporter::start(&["--root", root.path().to_str().unwrap()]);
    let cpu = "novacron_system_cpu_seconds_total";
    let memory = "novacron_system_memory_available_bytes";
    exporter.scrape_until("both", |text| {
        !samples(text, cpu).is_empty() && !samples(text, memory).is_empty()
    });
    let collect = exporter.get("/metrics?collect[]=cpu").body;
    assert!(
        !samples(&collect, cpu).is_empty() && !collect.contains(memory),
        "{collect}"
    );
    let exclude = exporter.get("/metrics?exclude[]=cpu").body;
    assert!(
        !exclude.contains(cpu) && !samples(&exclude, memory).is_empty(),
        "{exclude}"
    );
}

#[test]
fn numbers_are_those_of_the_root() {
    let root = small_root();
    let exporter = Exporter::start(&["--root", root.path().to_str().unwrap()]);
    let total = "novacron_system_memory_available_bytes";
    let text = exporter.scrape_until("memory", |text| !samples(text, total).is_empty());
    assert_eq!(value(&text, total), Some("614400"));
    let load = "novacron_system_load_average{period=\"1m\"}";
    assert_eq!(value(&text, load), Some("0.5"));
}

#[test]
fn a_profile_shows_the_names_of_another_system() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let exporter = Exporter::start(&["--root", root, "--profile", "nova-rc5"]);
    let text = exporter.scrape_until("memory", |text| {
        !samples(text, "nova_host_memory_bytes").is_empty()
    });
    assert_eq!(
        samples(&text, "nova_host_memory_bytes"),
        ["nova_host_memory_bytes 1048576"]
    );
    assert!(!samples(&text, "nova_exporter_build_info").is_empty());
    let plain = Exporter::start(&["--root", root]).scrape();
    assert!(!plain.contains("\nnova_"), "{plain}");
}

#[test]
fn it_is_small_at_rest() {
    let exporter = Exporter::start(&[]);
    exporter.scrape();
    let status = std::fs::read_to_string(format!("/proc/{}/status", exporter.id())).unwrap();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kib: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    // Without optimisation, too.
    assert!(kib < 30 * 1024, "{kib} KiB");
}
