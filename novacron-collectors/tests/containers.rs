//! Containers, read from the fixtures of a host and from runtimes that behave well and badly.
#![cfg(all(target_os = "linux", feature = "containers"))]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_collectors::containers::{ContainersCollector, ContainersSettings};
use novacron_telemetry::catalog::ContainerMetrics;
use novacron_telemetry::collect::{CollectErrorKind, Collector, Run};
use novacron_telemetry::metric::{Descriptor, Writer};
use novacron_telemetry::registry::{MetricGroup, Registry};

use support::containers::{ENDED, SLEEP, WORK, answer, podman};
use support::daemon::{self, Daemon};

const SOCKET: &str = "run/podman/podman.sock";

/// A host, and what is shown of it.
struct Host {
    folder: tempfile::TempDir,
    registry: Registry,
    metrics: ContainerMetrics,
    collector: ContainersCollector,
}

impl Host {
    fn of(fixture: &str, settings: ContainersSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        support::copy(&support::fixture(fixture), folder.path());
        Self::at(folder, settings)
    }

    fn at(folder: tempfile::TempDir, settings: ContainersSettings) -> Self {
        let registry = Registry::new();
        Self {
            metrics: registry.register().unwrap(),
            registry,
            collector: ContainersCollector::new(Root::new(folder.path()), settings),
            folder,
        }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    /// One tick; returns what was left out.
    fn tick(&mut self) -> Vec<String> {
        let mut run = Run::within(Duration::from_secs(5));
        let reading = self.collector.read(&mut run).unwrap();
        assert!(!run.expired(), "the reading came too late");
        ContainersCollector::publish(&reading, &self.metrics);
        run.skipped_targets().to_vec()
    }

    fn value(&self, series: &str) -> Option<f64> {
        let text = self.registry.render();
        let line = text.lines().find_map(|line| line.strip_prefix(series))?;
        Some(line.trim().parse().unwrap())
    }
}

fn settings() -> ContainersSettings {
    ContainersSettings {
        // Every tick asks.
        list_interval: Duration::ZERO,
        ..ContainersSettings::default()
    }
}

#[test]
fn a_host_of_version_2_is_shown_with_the_names_of_its_runtime() {
    let mut host = Host::of("containers/v2", settings());
    let _podman = podman(&host.path(SOCKET));
    // The writable layer of one container is measured in each tick.
    for _ in 0..3 {
        assert_eq!(host.tick(), [""; 0]);
    }
    support::golden("containers-v2.prom", &host.registry.render());
}

#[test]
fn a_hybrid_host_is_shown_without_any_runtime() {
    let mut host = Host::of("containers/hybrid", settings());
    assert_eq!(host.tick(), [""; 0]);
    support::golden("containers-hybrid.prom", &host.registry.render());
}

#[test]
fn every_family_of_the_group_is_written() {
    let mut host = Host::of("containers/v2", settings());
    let _podman = podman(&host.path(SOCKET));
    (0..3).for_each(|_| drop(host.tick()));
    let text = host.registry.render();
    for Descriptor { name, writer, .. } in ContainerMetrics::DESCRIPTORS {
        assert_eq!(*writer, Writer::Collector("containers"), "{name}");
        let shown = text.lines().any(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('{'))
        });
        assert!(shown, "{name}");
    }
}

#[test]
fn what_ended_is_down_and_has_no_usage() {
    let mut host = Host::of("containers/v2", settings());
    let _podman = podman(&host.path(SOCKET));
    host.tick();
    let of = |family: &str, name: &str| {
        host.value(&format!(
            "novacron_container_{family}{{name=\"{name}\",runtime=\"podman\"}}"
        ))
    };
    assert_eq!(of("up", "work"), Some(1.0));
    assert_eq!(of("up", "again"), Some(0.0));
    assert_eq!(of("restart_total", "again"), Some(3.0));
    assert_eq!(of("memory_usage_bytes", "again"), None);
    assert_eq!(of("memory_limit_bytes", "sleep"), Some(f64::INFINITY));
    let states = "novacron_containers{runtime=\"podman\",state=";
    assert_eq!(host.value(&format!("{states}\"running\"}}")), Some(2.0));
    assert_eq!(host.value(&format!("{states}\"exited\"}}")), Some(1.0));
    assert_eq!(host.value(&format!("{states}\"paused\"}}")), Some(0.0));
}

#[test]
fn a_network_of_the_host_is_not_a_containers() {
    let mut host = Host::of("containers/v2", settings());
    host.tick();
    let of = |name: &str| {
        host.value(&format!(
            "novacron_container_network_bytes_total{{name=\"{name}\",runtime=\"docker\",direction=\"receive\"}}"
        ))
    };
    assert_eq!(of("c0ffee00c0ff"), None);
    let pod = "novacron_container_network_bytes_total{name=\"7b3f0c52d1e8\",runtime=\"containerd\",direction=\"receive\"}";
    assert_eq!(host.value(pod), Some(4000.0));
    // It has everything else.
    let usage = "novacron_container_memory_usage_bytes{name=\"c0ffee00c0ff\",runtime=\"docker\"}";
    assert!(host.value(usage).is_some());
}

#[test]
fn a_container_that_vanished_is_gone_from_the_next_exposition() {
    let mut host = Host::of("containers/v2", settings());
    host.tick();
    assert!(host.registry.render().contains(&SLEEP[..12]));
    let group = format!("sys/fs/cgroup/machine.slice/libpod-{SLEEP}.scope");
    std::fs::remove_dir_all(host.path(&group)).unwrap();
    host.tick();
    assert!(!host.registry.render().contains(&SLEEP[..12]));

    // Gone while it is read: the folder is still there, and nothing in it.
    std::fs::create_dir_all(host.path(&group)).unwrap();
    host.tick();
    assert!(!host.registry.render().contains(&SLEEP[..12]));
}

#[test]
fn without_series_per_container_their_numbers_stay() {
    let settings = ContainersSettings {
        per_container: false,
        ..settings()
    };
    let mut host = Host::of("containers/v2", settings);
    let _podman = podman(&host.path(SOCKET));
    host.tick();
    let text = host.registry.render();
    let shown: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(
        !shown.is_empty()
            && shown
                .iter()
                .all(|line| line.starts_with("novacron_containers{"))
    );
    assert!(text.contains("novacron_containers{runtime=\"podman\",state=\"running\"} 2\n"));
}

#[test]
fn two_containers_of_one_name_are_told_apart() {
    let settings = ContainersSettings {
        sockets: vec!["/run/one.sock".into(), "/run/two.sock".into()],
        ..settings()
    };
    let mut host = Host::of("containers/v2", settings);
    let _one = podman(&host.path("run/one.sock"));
    let other = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let _two = Daemon::start(&host.path("run/two.sock"), move |path| {
        Some(match path {
            "/_ping" => daemon::podman(),
            "/containers/json?all=true" => daemon::ok(&format!(
                "[{{\"Id\":\"{other}\",\"Names\":[\"work\"],\"Image\":\"x\",\"State\":\"exited\"}},\
                 {{\"Id\":\"{WORK}\",\"Names\":[\"twice\"],\"Image\":\"x\",\"State\":\"running\"}}]"
            )),
            _ => daemon::ok("{\"State\":{\"Status\":\"exited\"},\"RestartCount\":4}"),
        })
    });
    assert_eq!(host.tick(), [""; 0]);
    let of = |name: &str| {
        host.value(&format!(
            "novacron_container_restart_total{{name=\"{name}\",runtime=\"podman\"}}"
        ))
    };
    assert_eq!(of("work"), Some(0.0));
    assert_eq!(of("work~aaaaaaaaaaaa"), Some(4.0));
    assert!(
        !host.registry.render().contains("twice"),
        "an id counts once"
    );
}

/// Runs two ticks beside a runtime that behaves like this; the numbers of the kernel must be there
/// after each, in time, and the run says what it left out.
fn suffers(answer: impl Fn(&str) -> daemon::Answer + Send + 'static) -> String {
    let mut host = Host::of("containers/v2", settings());
    let _daemon = Daemon::start(&host.path(SOCKET), answer);
    let start = Instant::now();
    let skipped = host.tick();
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
    let usage = format!(
        "novacron_container_memory_usage_bytes{{name=\"{}\",runtime=\"podman\"}}",
        &WORK[..12]
    );
    assert_eq!(host.value(&usage), Some(831_488.0));
    let start = Instant::now();
    assert!(host.tick()[0].contains("left alone"));
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(host.value(&usage), Some(831_488.0));
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    skipped.into_iter().next().unwrap()
}

#[test]
fn a_runtime_that_hangs_takes_no_number_away() {
    assert!(suffers(|_| None).contains("deadline"));
    let after_hello = suffers(|path| match path {
        "/_ping" => Some(daemon::podman()),
        _ => None,
    });
    assert!(after_hello.contains("deadline"));
}

#[test]
fn a_runtime_that_fails_takes_no_number_away() {
    assert!(suffers(|_| Some(daemon::status(500))).contains("status 500"));
    let list = |body: Vec<u8>| {
        suffers(move |path| {
            Some(match path {
                "/_ping" => daemon::podman(),
                _ => body.clone(),
            })
        })
    };
    assert!(list(daemon::status(500)).contains("status 500"));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for garbage in [
        "nonsense\r\n[]\r\n",
        "2\r\n[]oops\r\n",
        "-1\r\n",
        "2\r\n[",
        "FFFFFFFFFFFFFFFFF\r\n",
    ] {
        let said = list(format!("{chunked}{garbage}").into_bytes());
        assert!(said.contains("not understood"), "{garbage}: {said}");
    }
    assert!(list(daemon::ok("{}")).contains("JSON"));
    assert!(list(daemon::ok("[{\"Id\":\"../../etc\"}]")).contains("id"));
    assert!(list(daemon::ok(&"[".repeat(1 << 20))).contains("JSON"));
    let deep = format!("[{{\"Id\":{}{}}}]", "[".repeat(10_000), "]".repeat(10_000));
    assert!(list(daemon::ok(&deep)).contains("JSON"));
    assert!(list(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()).contains("not HTTP"));
}

#[test]
fn a_runtime_that_never_stops_talking_is_cut_off() {
    let mut host = Host::of("containers/v2", settings());
    // More than is read, and no end stated.
    let body = format!("HTTP/1.1 200 OK\r\n\r\n[{}", " ".repeat(33 << 20)).into_bytes();
    let _daemon = Daemon::start(&host.path(SOCKET), move |path| {
        Some(match path {
            "/_ping" => daemon::podman(),
            _ => body.clone(),
        })
    });
    let skipped = host.tick();
    assert!(skipped[0].contains("larger than is read"), "{skipped:?}");
}

#[test]
fn what_the_runtime_does_not_describe_is_left_out_alone() {
    let mut host = Host::of("containers/v2", settings());
    let _daemon = Daemon::start(&host.path(SOCKET), |path| match path {
        path if path.contains(&SLEEP[..12]) => Some(daemon::status(500)),
        path if path.contains(&ENDED[..12]) => Some(daemon::ok("{\"State\":[]}")),
        path => answer(path),
    });
    host.tick();
    let of = |name: &str| {
        host.value(&format!(
            "novacron_container_restart_total{{name=\"{name}\",runtime=\"podman\"}}"
        ))
    };
    assert_eq!(of("work"), Some(0.0));
    assert_eq!((of("sleep"), of("again")), (None, None));
    let up = "novacron_container_up{name=\"again\",runtime=\"podman\"}";
    assert_eq!(host.value(up), Some(0.0), "the list knows that much");
}

#[test]
fn names_stay_while_their_runtime_does_not_answer() {
    let mut host = Host::of("containers/v2", settings());
    let podman = podman(&host.path(SOCKET));
    host.tick();
    drop(podman);
    let _hung = Daemon::start(&host.path(SOCKET), |_| None);
    let skipped = host.tick();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    let text = host.registry.render();
    assert!(
        text.contains("novacron_container_memory_usage_bytes{name=\"work\",runtime=\"podman\"}")
    );
    // What does not run cannot be seen without it.
    assert!(!text.contains("\"again\""));
}

#[test]
fn a_container_is_looked_at_when_it_changed_and_not_each_time() {
    let mut host = Host::of("containers/v2", settings());
    let podman = podman(&host.path(SOCKET));
    for _ in 0..3 {
        host.tick();
    }
    // Who it is, three lists, three containers, and each measured once.
    assert_eq!(podman.requests(), 1 + 3 + 3 + 3);
    // A first process that is gone is a restart, whatever the list says.
    std::fs::remove_dir_all(host.path("proc/6220")).unwrap();
    host.tick();
    assert_eq!(podman.requests(), 10 + 2);
}

#[test]
fn a_list_is_fetched_when_a_group_came_or_went_and_else_at_its_interval() {
    let mut host = Host::of("containers/v2", ContainersSettings::default());
    let podman = podman(&host.path(SOCKET));
    for _ in 0..4 {
        host.tick();
    }
    assert_eq!(podman.requests(), 1 + 1 + 3 + 3, "one list");
    let group = format!("sys/fs/cgroup/machine.slice/libpod-{SLEEP}.scope");
    std::fs::remove_dir_all(host.path(&group)).unwrap();
    host.tick();
    assert_eq!(podman.requests(), 8 + 1);
}

#[test]
fn a_host_without_containers_has_none_and_one_without_groups_is_absent() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = ContainersCollector::new(Root::new(folder.path()), settings());
    let mut run = Run::within(Duration::from_secs(5));
    let error = collector.read(&mut run).unwrap_err();
    assert_eq!(error.kind(), CollectErrorKind::Absent);
    assert_eq!(
        run.skipped(),
        0,
        "a socket that is not there is nothing amiss"
    );

    let write = |path: &str, text: &str| {
        let path: &Path = &folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "proc/1/mountinfo",
        "31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    );
    write("sys/fs/cgroup/cgroup.controllers", "cpu io memory pids\n");
    let mut host = Host::at(folder, settings());
    assert_eq!(host.tick(), [""; 0]);
    assert!(!host.registry.render().contains("{"), "no series");
}
