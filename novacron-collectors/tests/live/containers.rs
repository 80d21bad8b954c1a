//! podman's containers as their cgroup files and podman itself say they are.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::exporter::Exporter;
use crate::judge::Verdict;
use crate::lab::{Lab, Part, wait_for};
use crate::scrape::Exposition;

fn exporter(lab: &Lab, name: &str) -> Exporter {
    let rest = format!(
        "collect_libvirt_stats = false\n\
         [collectors.containers]\nsockets = [\"{}\"]\ninterval = \"500ms\"\nlist_interval = \"500ms\"\n",
        lab.folder().join("podman/podman.sock").display()
    );
    Exporter::start(lab, name, &rest)
}

/// A container of the lab, removed at the end of the test.
struct Container<'a> {
    lab: &'a Lab,
    name: &'static str,
}

impl<'a> Container<'a> {
    /// `podman run -d` with these limits; `command` is run by the shell.
    #[track_caller]
    fn run(lab: &'a Lab, name: &'static str, limits: &[&str], command: &str) -> Container<'a> {
        // The guard first: what is there from an earlier run goes too.
        let container = Container { lab, name };
        container.remove();
        let mut arguments = vec!["run", "-d", "--name", name];
        arguments.extend(limits);
        arguments.extend(["lab", "/bin/sh", "-c", command]);
        lab.script("podman", &arguments);
        container
    }

    fn remove(&self) {
        let removed = self.lab.try_script(
            "podman",
            &["rm", "--force", "--ignore", "--time", "0", self.name],
        );
        if let Err(why) = removed {
            println!("container {} could not be removed: {why}", self.name);
        }
    }

    /// What podman says of it.
    #[track_caller]
    fn inspect(&self, field: &str) -> String {
        let format = format!("{{{{{field}}}}}");
        let said = self
            .lab
            .script("podman", &["inspect", "--format", &format, self.name]);
        said.trim().to_owned()
    }

    #[track_caller]
    fn cgroup(&self) -> Cgroup {
        Cgroup(self.inspect(".State.CgroupPath"))
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The files of a container's cgroup, wherever this kernel has them.
struct Cgroup(String);

impl Cgroup {
    /// A file of a controller of v1, else of v2.
    fn read(&self, controller: &str, v1: &str, v2: &str) -> (bool, String) {
        let below = |root: String| PathBuf::from(format!("/sys/fs/cgroup{root}{}", self.0));
        let old = below(format!("/{controller}")).join(v1);
        let new = below(String::new()).join(v2);
        match fs::read_to_string(&old) {
            Ok(text) => (true, text),
            Err(_) => (
                false,
                fs::read_to_string(&new)
                    .unwrap_or_else(|why| panic!("neither {old:?} nor {new:?}: {why}")),
            ),
        }
    }

    fn number(&self, controller: &str, v1: &str, v2: &str) -> f64 {
        let text = self.read(controller, v1, v2).1;
        number(text.trim())
    }

    /// The line `key value` of a file.
    fn field(&self, controller: &str, v1: (&str, &str), v2: (&str, &str)) -> (bool, f64) {
        let (old, text) = self.read(controller, v1.0, v2.0);
        let key = if old { v1.1 } else { v2.1 };
        let value = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find_map(|(name, value)| (name == key).then(|| number(value.trim())));
        (old, value.unwrap_or_else(|| panic!("no {key} in {text}")))
    }

    fn cpu_seconds(&self) -> f64 {
        if self.is_v1("cpuacct") {
            self.number("cpuacct", "cpuacct.usage", "") * 1e-9
        } else {
            self.field("cpu", ("-", "-"), ("cpu.stat", "usage_usec")).1 * 1e-6
        }
    }

    fn is_v1(&self, controller: &str) -> bool {
        PathBuf::from(format!("/sys/fs/cgroup/{controller}{}", self.0)).is_dir()
    }

    fn periods(&self) -> f64 {
        self.field(
            "cpu",
            ("cpu.stat", "nr_periods"),
            ("cpu.stat", "nr_periods"),
        )
        .1
    }

    fn throttled_periods(&self) -> f64 {
        self.field(
            "cpu",
            ("cpu.stat", "nr_throttled"),
            ("cpu.stat", "nr_throttled"),
        )
        .1
    }

    fn throttled_seconds(&self) -> f64 {
        let (old, value) = self.field(
            "cpu",
            ("cpu.stat", "throttled_time"),
            ("cpu.stat", "throttled_usec"),
        );
        value * if old { 1e-9 } else { 1e-6 }
    }

    fn memory(&self) -> f64 {
        self.number("memory", "memory.usage_in_bytes", "memory.current")
    }

    fn inactive_file(&self) -> f64 {
        self.field(
            "memory",
            ("memory.stat", "total_inactive_file"),
            ("memory.stat", "inactive_file"),
        )
        .1
    }

    fn memory_limit(&self) -> f64 {
        self.number("memory", "memory.limit_in_bytes", "memory.max")
    }

    fn oom_kills(&self) -> f64 {
        self.field(
            "memory",
            ("memory.oom_control", "oom_kill"),
            ("memory.events", "oom_kill"),
        )
        .1
    }

    /// How long it has stalled on the processor: some of it, all of it. Version 2 alone counts that,
    /// on a hybrid host below a mount of its own.
    fn stalled(&self) -> Option<[f64; 2]> {
        let text = ["/unified", ""].iter().find_map(|mount| {
            fs::read_to_string(format!("/sys/fs/cgroup{mount}{}/cpu.pressure", self.0)).ok()
        })?;
        let mut totals = text
            .lines()
            .filter_map(|line| line.rsplit_once("total="))
            .map(|(_, microseconds)| number(microseconds) * 1e-6);
        Some([totals.next()?, totals.next()?])
    }

    fn tasks(&self) -> f64 {
        self.number("pids", "pids.current", "pids.current")
    }

    fn tasks_limit(&self) -> f64 {
        self.number("pids", "pids.max", "pids.max")
    }
}

#[track_caller]
fn number(text: &str) -> f64 {
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is no number"))
}

/// What an interface inside the container has passed: received and sent bytes, then packets.
fn traffic(container: &Container<'_>) -> [f64; 4] {
    let path = format!("/proc/{}/net/dev", container.inspect(".State.Pid"));
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path}: {why}"));
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("eth0:"))
        .expect("the container has eth0");
    let columns: Vec<f64> = line.split_whitespace().map(number).collect();
    [columns[0], columns[8], columns[1], columns[9]]
}

#[test]
fn a_container_is_what_its_cgroup_says_it_is() {
    let test = "a_container_is_what_its_cgroup_says_it_is";
    let Some(lab) = Lab::enter(test, &[Part::Podman]) else {
        return;
    };
    let busy = Container::run(
        &lab,
        "lab-busy",
        &["--memory", "64m", "--cpus", "0.2", "--pids-limit", "50"],
        // More than its fifth of a core for a while, so that it is throttled, and a word with the
        // bridge.
        "while :; do dd if=/dev/zero of=/dev/null bs=64k count=60000 2>/dev/null; \
         ping -c 1 -W 1 $(ip route 2>/dev/null | sed -n 's/default via \\([^ ]*\\).*/\\1/p'); \
         sleep 1; done >/dev/null 2>&1",
    );
    let exporter = exporter(&lab, "containers");
    let cgroup = busy.cgroup();
    let name = [("name", busy.name), ("runtime", "podman")];
    let mut verdict = Verdict::default();
    for _ in 0..4 {
        let read = || {
            [
                ("novacron_container_cpu_seconds_total", cgroup.cpu_seconds()),
                ("novacron_container_cpu_periods_total", cgroup.periods()),
                (
                    "novacron_container_cpu_throttled_periods_total",
                    cgroup.throttled_periods(),
                ),
                (
                    "novacron_container_cpu_throttled_seconds_total",
                    cgroup.throttled_seconds(),
                ),
                ("novacron_container_oom_kills_total", cgroup.oom_kills()),
            ]
        };
        let gauges = || {
            [
                (
                    "novacron_container_memory_limit_bytes",
                    cgroup.memory_limit(),
                ),
                ("novacron_container_tasks_limit", cgroup.tasks_limit()),
                ("novacron_container_tasks", cgroup.tasks()),
                ("novacron_container_memory_usage_bytes", cgroup.memory()),
                (
                    "novacron_container_memory_working_set_bytes",
                    (cgroup.memory() - cgroup.inactive_file()).max(0.0),
                ),
            ]
        };
        let (counters, stands, passed) = (read(), gauges(), traffic(&busy));
        let stalled = cgroup.stalled();
        let ours = exporter.after_a_round_of("containers");
        for ((family, before), (_, after)) in counters.into_iter().zip(read()) {
            verdict.counter(family, before, ours.value(family, &name), after);
        }
        for ((family, before), (_, after)) in stands.into_iter().zip(gauges()) {
            verdict.gauge(family, before, ours.value(family, &name), after);
        }
        for (nth, (before, after)) in passed.into_iter().zip(traffic(&busy)).enumerate() {
            let family = [
                "novacron_container_network_bytes_total",
                "novacron_container_network_packets_total",
            ][nth / 2];
            let direction = ("direction", ["receive", "transmit"][nth % 2]);
            let labels: Vec<_> = name.into_iter().chain([direction]).collect();
            verdict.counter(family, before, ours.value(family, &labels), after);
        }
        for (nth, kind) in ["some", "full"].into_iter().enumerate() {
            let (Some(before), Some(after)) = (stalled, cgroup.stalled()) else {
                continue;
            };
            let family = "novacron_container_pressure_stall_seconds_total";
            let labels: Vec<_> = name
                .into_iter()
                .chain([("resource", "cpu"), ("kind", kind)])
                .collect();
            verdict.counter(family, before[nth], ours.value(family, &labels), after[nth]);
        }
        // Between two readings that differ memory still cannot be anywhere.
        let memory = ours.value("novacron_container_memory_usage_bytes", &name);
        verdict.near(
            "memory in use, roughly",
            cgroup.memory(),
            memory,
            cgroup.memory(),
            0.9,
        );
        assert_eq!(
            ours.value("novacron_container_cpu_limit_cores", &name),
            Some(0.2)
        );
        assert_eq!(ours.value("novacron_container_up", &name), Some(1.0));
    }
    verdict.assert(
        "a container beside its cgroup",
        &[
            "novacron_container_cpu_seconds_total",
            "novacron_container_cpu_throttled_periods_total",
            "novacron_container_cpu_throttled_seconds_total",
            "novacron_container_oom_kills_total",
            "novacron_container_memory_limit_bytes",
            "novacron_container_tasks_limit",
            "novacron_container_network_bytes_total",
            "novacron_container_network_packets_total",
        ],
    );
    assert!(cgroup.throttled_seconds() > 0.0, "it was throttled at all");
    assert!(traffic(&busy)[1] > 0.0, "it sent something at all");

    let shown = exporter.scrape();
    assert!(shown.series_with("name", busy.name) > 10);
    drop(busy);
    let shown = exporter.after_a_round_of("containers");
    assert_eq!(
        shown.series_with("name", "lab-busy"),
        0,
        "a removed container is gone"
    );
}

#[test]
fn what_happens_to_containers_is_counted() {
    let test = "what_happens_to_containers_is_counted";
    let Some(lab) = Lab::enter(test, &[Part::Podman]) else {
        return;
    };
    let greedy = Container::run(
        &lab,
        "lab-greedy",
        &["--net", "none", "--memory", "32m", "--memory-swap", "32m"],
        "while :; do dd if=/dev/zero of=/dev/null bs=96M count=1 2>/dev/null; sleep 1; done",
    );
    let fails = Container::run(
        &lab,
        "lab-fails",
        &["--net", "none", "--restart", "on-failure:3"],
        "exit 1",
    );
    let paused = Container::run(&lab, "lab-paused", &["--net", "none"], "sleep 1000");
    lab.script("podman", &["pause", paused.name]);
    wait_for("the restarts end", Duration::from_secs(30), || {
        (fails.inspect(".RestartCount") == "3" && fails.inspect(".State.Status") == "exited")
            .then_some(())
    });

    let exporter = exporter(&lab, "happens");
    let cgroup = greedy.cgroup();
    let mut verdict = Verdict::default();
    for _ in 0..3 {
        let before = cgroup.oom_kills();
        let ours = exporter.after_a_round_of("containers");
        let ours = ours.value(
            "novacron_container_oom_kills_total",
            &[("name", greedy.name)],
        );
        verdict.counter("oom kills", before, ours, cgroup.oom_kills());
    }
    verdict.assert("a greedy container", &["oom kills"]);
    assert!(cgroup.oom_kills() >= 2.0, "the kernel killed at all");

    let shown = exporter.after_a_round_of("containers");
    let restarts = |name| {
        shown.value(
            "novacron_container_restart_total",
            &[("name", name), ("runtime", "podman")],
        )
    };
    assert_eq!(restarts(fails.name), Some(3.0));
    assert_eq!(restarts(greedy.name), Some(0.0));
    assert_eq!(in_state(&shown, "paused"), count(&lab, "paused"));
    assert_eq!(in_state(&shown, "running"), count(&lab, "running"));
    assert_eq!(in_state(&shown, "exited"), count(&lab, "exited"));
    assert!(count(&lab, "paused") >= 1.0);
    assert_eq!(
        shown.value("novacron_container_up", &[("name", fails.name)]),
        Some(0.0)
    );
}

fn in_state(shown: &Exposition, state: &str) -> f64 {
    shown
        .value(
            "novacron_containers",
            &[("runtime", "podman"), ("state", state)],
        )
        .unwrap_or(0.0)
}

/// How many containers podman has in this state.
fn count(lab: &Lab, state: &str) -> f64 {
    let filter = format!("status={state}");
    let said = lab.script("podman", &["ps", "--all", "--quiet", "--filter", &filter]);
    f64::from(u32::try_from(said.lines().count()).expect("a handful"))
}
