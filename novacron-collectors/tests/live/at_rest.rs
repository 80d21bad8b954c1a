//! What `nova-metrics` itself costs.

use std::thread;
use std::time::{Duration, Instant};

use crate::exporter::Exporter;
use crate::judge::Times;
use crate::lab::{Lab, Part};

/// As long as the slowest default interval, so that every collector has its turn.
const WINDOW: Duration = Duration::from_secs(60);

#[test]
fn at_rest_it_takes_little_memory_and_hardly_any_time() {
    let test = "at_rest_it_takes_little_memory_and_hardly_any_time";
    let Some(lab) = Lab::enter(test, &[Part::Libvirt, Part::Podman]) else {
        return;
    };
    let _guests = [lab.guest(4), lab.guest(5)];
    let rest = format!(
        "[collectors.libvirt]\nsocket = \"{}\"\n[collectors.containers]\nsockets = [\"{}\"]\n",
        lab.socket(crate::lab::Side::A).display(),
        lab.folder().join("podman/podman.sock").display()
    );
    let exporter = Exporter::start(&lab, "rest", &rest);
    // What it does once, at its start, is not rest.
    thread::sleep(Duration::from_secs(10));
    let (ticks, begun) = (ticks(&exporter), Instant::now());
    let mut times = Times::default();
    // As Prometheus would: every 15 s.
    while begun.elapsed() < WINDOW {
        let (_, took) = exporter.timed();
        times.add(took);
        thread::sleep(Duration::from_secs(15).min(WINDOW.saturating_sub(begun.elapsed())));
    }
    let used = self::ticks(&exporter) - ticks;
    // USER_HZ is 100 on every Linux there is.
    let share = used / 100.0 / begun.elapsed().as_secs_f64();
    let memory = resident_kib(&exporter) / 1024.0;
    let shown = exporter.scrape();
    println!(
        "at rest for {:.0?}: {memory:.1} MiB resident, {:.2} % of a core, {} series",
        begun.elapsed(),
        share * 100.0,
        shown.len()
    );
    times.assert_below_50_ms("scrapes at rest");
    // Optimised it is bound to 1 %; the tests build it without.
    let bound = if cfg!(debug_assertions) { 0.03 } else { 0.01 };
    assert!(memory < 30.0, "{memory} MiB resident");
    assert!(share < bound, "{} % of a core", share * 100.0);
}

/// Processor time of all of its threads so far, in hundredths of a second.
#[track_caller]
fn ticks(exporter: &Exporter) -> f64 {
    let stat = exporter.pid().proc("stat");
    // The program's name may hold anything; what follows its parenthesis is numbers.
    let after = stat.rsplit_once(") ").expect("/proc/PID/stat").1;
    let columns: Vec<&str> = after.split(' ').collect();
    let number = |nth: usize| -> f64 { columns[nth].parse().expect("a number") };
    number(11) + number(12)
}

#[track_caller]
fn resident_kib(exporter: &Exporter) -> f64 {
    let status = exporter.pid().proc("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.expect("VmRSS").trim().trim_end_matches(" kB");
    number.parse().expect("a number")
}
