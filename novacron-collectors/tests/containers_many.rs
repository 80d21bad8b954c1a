//! A thousand containers that come and go: how long it takes, and that nothing is left of them.
#![cfg(all(target_os = "linux", feature = "containers"))]
#![allow(clippy::print_stdout, reason = "figures are for whoever runs it")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_collectors::containers::{ContainersCollector, ContainersSettings};
use novacron_telemetry::catalog::ContainerMetrics;
use novacron_telemetry::collect::{Collector, Run};
use novacron_telemetry::registry::Registry;

use support::containers::WORK;
use support::daemon::{self, Daemon};

const CONTAINERS: u64 = 1000;

fn id(number: u64) -> String {
    format!("{number:012x}{number:052x}")
}

fn group(id: &str) -> String {
    format!("sys/fs/cgroup/system.slice/docker-{id}.scope")
}

/// Docker, with these containers.
fn docker(path: &std::path::Path, numbers: Arc<Mutex<Vec<u64>>>) -> Daemon {
    Daemon::start(path, move |path| {
        Some(match path {
            "/_ping" => daemon::docker(),
            "/containers/json?all=true" => {
                let numbers = numbers.lock().unwrap();
                let listed: Vec<String> = numbers
                    .iter()
                    .map(|number| {
                        format!(
                            "{{\"Id\":\"{}\",\"Names\":[\"/worker-{number}\"],\
                             \"Image\":\"registry.local/worker:1\",\"State\":\"running\",\
                             \"Status\":\"Up 2 hours (healthy)\"}}",
                            id(*number)
                        )
                    })
                    .collect();
                daemon::ok(&format!("[{}]", listed.join(",")))
            }
            _ => daemon::ok(
                "{\"State\":{\"Pid\":0,\"StartedAt\":\"2026-11-21T03:04:08.5Z\",\
                 \"Health\":{\"Status\":\"healthy\"}},\"RestartCount\":1,\"SizeRw\":4096,\
                 \"HostConfig\":{\"NetworkMode\":\"bridge\"}}",
            ),
        })
    })
}

#[test]
fn a_thousand_containers_come_and_go_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    support::copy(&support::fixture("containers/v2"), folder.path());
    let template = folder
        .path()
        .join(format!("sys/fs/cgroup/machine.slice/libpod-{WORK}.scope"));
    for number in 0..CONTAINERS {
        support::copy(&template, &folder.path().join(group(&id(number))));
    }
    std::fs::remove_dir_all(folder.path().join("sys/fs/cgroup/machine.slice")).unwrap();
    std::fs::remove_dir_all(folder.path().join("sys/fs/cgroup/kubepods.slice")).unwrap();
    let hostnet = "c0ffee00".repeat(8);
    std::fs::remove_dir_all(folder.path().join(group(&hostnet))).unwrap();

    let numbers = Arc::new(Mutex::new((0..CONTAINERS).collect::<Vec<u64>>()));
    let _docker = docker(&folder.path().join("run/docker.sock"), Arc::clone(&numbers));
    let registry = Registry::new();
    let metrics: ContainerMetrics = registry.register().unwrap();
    let mut collector =
        ContainersCollector::new(Root::new(folder.path()), ContainersSettings::default());
    let mut tick = || {
        let mut run = Run::within(Duration::from_secs(60));
        let start = Instant::now();
        let reading = collector.read(&mut run).unwrap();
        let read = start.elapsed();
        ContainersCollector::publish(&reading, &metrics);
        let publish = start.elapsed() - read;
        // The fastest of five: what else the machine does is not asked.
        let scrapes = (0..5).map(|_| {
            let start = Instant::now();
            (registry.render(), start.elapsed())
        });
        let (text, scrape) = scrapes.min_by_key(|(_, took)| *took).unwrap();
        assert_eq!(run.skipped_targets(), [""; 0]);
        (read, publish, scrape, text)
    };
    let (first, ..) = tick();
    let (read, publish, scrape, text) = tick();
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    println!(
        "{CONTAINERS} containers, {series} series, {} KiB: the first reading {first:?}, later ones \
         {read:?}, publishing {publish:?}, a scrape {scrape:?}",
        text.len() / 1024
    );
    assert!(series > 30 * CONTAINERS as usize, "{series}");
    assert!(text.contains("name=\"worker-999\""));
    // What is built to find mistakes is some twenty times slower.
    if !cfg!(debug_assertions) {
        assert!(scrape < Duration::from_millis(50), "{scrape:?}");
    }

    // A third of them is replaced by new ones in each round.
    let mut next = CONTAINERS;
    let mut churn = |rounds: usize| {
        for _ in 0..rounds {
            let mut numbers = numbers.lock().unwrap();
            let third = next % 3;
            for number in numbers.iter_mut().filter(|number| **number % 3 == third) {
                let from = folder.path().join(group(&id(*number)));
                *number = next;
                std::fs::rename(from, folder.path().join(group(&id(*number)))).unwrap();
                next += 1;
            }
            drop(numbers);
            tick();
        }
    };
    churn(5);
    let grown = allocation_counter::measure(|| churn(10));
    println!(
        "after {} more had come and gone: {} bytes",
        next - CONTAINERS,
        grown.bytes_current
    );
    assert!(
        grown.bytes_current < 256 * 1024,
        "{} bytes",
        grown.bytes_current
    );
    let text = tick().3;
    assert!(!text.contains("name=\"worker-0\"") && !text.contains("name=\"worker-999\""));
}
