//! Files and flags: what they switch, and which of them wins.

use super::support::{Exporter, samples, small_root, value};

fn enabled(collector: &str) -> String {
    format!("novacron_collector_enabled{{collector=\"{collector}\"}}")
}

#[test]
fn flags_overrule_the_file() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let file = "[metrics]\nlisten = \"192.0.2.1:1\"\n[collectors.memory]\nenabled = false\n";
    let exporter = Exporter::with_file(file, &["--root", root, "--no-cpu"]);
    let text = exporter.scrape();
    assert_eq!(value(&text, &enabled("cpu")), Some("0"));
    assert_eq!(value(&text, &enabled("memory")), Some("0"));
    assert_eq!(value(&text, &enabled("network")), Some("1"));
    assert!(
        exporter.log().contains("\"path\":\"NovaFile\""),
        "{}",
        exporter.log()
    );
}

#[test]
fn only_the_collectors_that_are_named_run() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let exporter = Exporter::start(&["--root", root, "--collectors", "cpu,memory"]);
    let text = exporter.scrape_until("read", |text| {
        !samples(text, "novacron_system_memory_available_bytes").is_empty()
    });
    let on = |line: &&&str| line.ends_with(" 1");
    let enabled = samples(&text, "novacron_collector_enabled");
    assert_eq!(enabled.iter().filter(on).count(), 2, "{enabled:?}");
    assert!(
        enabled.len() > 10,
        "those that are off are shown: {enabled:?}"
    );
}

#[test]
fn switched_off_it_answers_404() {
    let exporter = Exporter::with_file("[metrics]\nexporter = false\n", &[]);
    assert_eq!(exporter.get("/metrics").status, 404);
    assert_eq!(exporter.get("/health").status, 200);
    assert_eq!(exporter.get("/nothing").status, 404);
}

#[test]
fn the_documented_keys_switch_kinds_of_collectors() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let file = "[metrics]\ncollect_libvirt_stats = false\ncollect_container_stats = false\n";
    let exporter = Exporter::with_file(file, &["--root", root]);
    let text = exporter.scrape();
    for collector in ["libvirt", "libvirt_jobs", "containers"] {
        assert_eq!(value(&text, &enabled(collector)), Some("0"), "{collector}");
    }
    assert_eq!(value(&text, &enabled("cpu")), Some("1"));
}

#[test]
fn the_file_may_ask_for_the_names_of_another_system() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let file = "[metrics]\nprofiles = [\"nova-rc5\"]\nlisten = \"127.0.0.1\"\n";
    let exporter = Exporter::with_file(file, &["--root", root]);
    exporter.scrape_until("both names", |text| {
        !samples(text, "nova_host_memory_bytes").is_empty()
    });
}

#[test]
fn a_collector_is_told_its_own_keys() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let file = "[collectors.cpu]\nper_cpu = false\n";
    let exporter = Exporter::with_file(file, &["--root", root]);
    let family = "novacron_system_cpu_seconds_total";
    let text = exporter.scrape_until("read", |text| !samples(text, family).is_empty());
    let cores = samples(&text, family);
    assert!(
        cores.iter().all(|line| line.contains("cpu=\"all\"")),
        "{cores:?}"
    );
}

#[test]
fn the_log_level_is_the_flags_then_the_files() {
    let file = "[logs]\nlevel = \"error\"\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("NovaFile"), file).unwrap();
    // `start` waits for a line of level info.
    let exporter = Exporter::start_in(folder, &["--log-level", "info"]);
    assert!(exporter.log().contains("\"level\":\"info\""));
}

#[test]
fn the_page_at_the_root_leads_on() {
    let exporter = Exporter::start(&[]);
    let answer = exporter.get("/");
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.contains("metrics") && answer.body.contains("health"),
        "{answer:?}"
    );
    assert!(
        answer
            .head
            .to_ascii_lowercase()
            .contains("content-length: "),
        "{}",
        answer.head
    );
}
