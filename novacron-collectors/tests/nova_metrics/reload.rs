//! SIGHUP: all of it, or nothing.

use rustix::process::Signal;

use super::support::{Exporter, samples, small_root, value};

const SUCCESS: &str = "novacron_config_reloads_total{result=\"success\"}";
const FAILURE: &str = "novacron_config_reloads_total{result=\"failure\"}";
const CPU: &str = "novacron_system_cpu_seconds_total";
const MEMORY: &str = "novacron_system_memory_available_bytes";

fn count(text: &str, series: &str) -> u32 {
    value(text, series).map_or(0, |value| value.parse().unwrap())
}

/// Reloads, and waits until that was counted.
fn reload(exporter: &Exporter, result: &str) -> String {
    let before = count(&exporter.scrape(), result);
    exporter.signal(Signal::HUP);
    exporter.scrape_until("reloaded", |text| count(text, result) > before)
}

#[test]
fn collectors_are_switched_and_told_while_it_runs() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let exporter = Exporter::with_file("", &["--root", root]);
    exporter.scrape_until("both", |text| {
        !samples(text, CPU).is_empty() && !samples(text, MEMORY).is_empty()
    });
    let memory_runs = "novacron_collector_runs_total{collector=\"memory\",result=\"ok\"}";

    exporter.write("NovaFile", "[collectors.cpu]\nenabled = false\n");
    reload(&exporter, SUCCESS);
    let text = exporter.scrape_until("without cpu", |text| samples(text, CPU).is_empty());
    assert_eq!(
        value(&text, "novacron_collector_enabled{collector=\"cpu\"}"),
        Some("0")
    );
    assert!(
        !samples(&text, MEMORY).is_empty(),
        "what did not change goes on"
    );
    let before = count(&text, memory_runs);

    exporter.write("NovaFile", "[collectors.cpu]\nper_cpu = false\n");
    reload(&exporter, SUCCESS);
    let text = exporter.scrape_until("with cpu again", |text| !samples(text, CPU).is_empty());
    assert!(
        samples(&text, CPU)
            .iter()
            .all(|line| line.contains("\"all\""))
    );
    assert!(
        count(&text, memory_runs) >= before,
        "it was not started anew"
    );
}

#[test]
fn a_bad_file_leaves_everything_as_it_was() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let mut exporter = Exporter::with_file("", &["--root", root]);
    exporter.scrape_until("both", |text| !samples(text, CPU).is_empty());
    for (bad, named) in [
        // Half of it is good, and is not taken either.
        (
            "[collectors.cpu]\nenabled = false\n[collectors.memry]\n",
            "`memory`",
        ),
        ("[metrics]\nexporter = false\nlisten = 7\n", "line 3"),
        (
            "[metrics]\nexporter = false\n[logs]\nlevel = \"loud\"\n",
            "loud",
        ),
        ("[metrics", "line 1"),
    ] {
        exporter.write("NovaFile", bad);
        let text = reload(&exporter, FAILURE);
        let line = exporter.logged("settings were not read again");
        assert!(line.contains(named), "{bad:?}: {line}");
        assert!(line.contains("\"level\":\"error\""), "{line}");
        assert!(!samples(&text, CPU).is_empty(), "{bad:?}");
        assert_eq!(count(&text, SUCCESS), 0, "{bad:?}");
    }
    exporter.write("NovaFile", "[collectors.cpu]\nenabled = false\n");
    reload(&exporter, SUCCESS);
    exporter.scrape_until("good again", |text| samples(text, CPU).is_empty());
}

#[test]
fn scrapes_are_switched_off_and_on() {
    let exporter = Exporter::with_file("[metrics]\nexporter = true\n", &[]);
    assert_eq!(exporter.get("/metrics").status, 200);
    exporter.write("NovaFile", "[metrics]\nexporter = false\n");
    exporter.signal(Signal::HUP);
    wait_for(&exporter, 404);
    exporter.write("NovaFile", "");
    exporter.signal(Signal::HUP);
    wait_for(&exporter, 200);
}

fn wait_for(exporter: &Exporter, status: u16) {
    let begun = std::time::Instant::now();
    while exporter.get("/metrics").status != status {
        assert!(
            begun.elapsed() < super::support::PATIENCE,
            "{}",
            exporter.log()
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn the_log_says_more_from_then_on() {
    let root = small_root();
    let root = root.path().to_str().unwrap();
    let mut exporter = Exporter::with_file("", &["--root", root]);
    exporter.write("NovaFile", "[logs]\nlevel = \"debug\"\n");
    reload(&exporter, SUCCESS);
    exporter.logged("debug");
}

#[test]
fn what_only_a_restart_can_bring_is_said() {
    let mut exporter = Exporter::with_file("", &[]);
    // The flag overrules it, before and after.
    exporter.write("NovaFile", "[metrics]\nlisten = \"127.0.0.1:1\"\n");
    reload(&exporter, SUCCESS);
    exporter.logged("settings were read again");
    assert!(
        !exporter.log().contains("the next restart"),
        "{}",
        exporter.log()
    );

    exporter.write("token", "0123456789abcdef\n");
    let file = "[metrics]\nprofiles = [\"nova-rc5\"]\n[metrics.auth]\ntoken_file = \"token\"\n";
    exporter.write("NovaFile", file);
    reload(&exporter, SUCCESS);
    let line = exporter.logged("the next restart");
    assert!(line.contains("profiles, [metrics.auth]"), "{line}");
}

#[test]
fn without_a_file_there_is_still_something_to_read_again() {
    let root = small_root();
    let exporter = Exporter::start(&["--root", root.path().to_str().unwrap()]);
    reload(&exporter, SUCCESS);
    // One that came meanwhile is found.
    exporter.write("NovaFile", "[collectors.cpu]\nenabled = false\n");
    reload(&exporter, SUCCESS);
    exporter.scrape_until("without cpu", |text| samples(text, CPU).is_empty());
}
