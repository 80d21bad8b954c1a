//! The collector `libvirt` while guests hang, come back, vanish, and while the daemon itself does.

use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_collectors::libvirt::protocol::Procedure;
use novacron_collectors::libvirt::{LibvirtCollector, LibvirtReading, LibvirtSettings};
use novacron_telemetry::collect::{CollectError, CollectErrorKind, Collector, Run};
use novacron_telemetry::registry::{Handles, Registry};

use crate::server::{Fake, Server, Trick};

/// A collector and what it shows.
pub(crate) struct Watch {
    pub(crate) collector: LibvirtCollector,
    pub(crate) registry: Registry,
    metrics: <LibvirtCollector as Collector>::Metrics,
}

pub(crate) fn settings(server: &Server) -> LibvirtSettings {
    LibvirtSettings {
        socket: Some(server.socket()),
        host: Some("host-1".to_owned()),
        call_timeout: Duration::from_millis(300),
        ..LibvirtSettings::default()
    }
}

impl Watch {
    pub(crate) fn new(server: &Server, settings: LibvirtSettings) -> Self {
        let registry = Registry::new();
        Self {
            collector: LibvirtCollector::new(Root::new(server.folder()), settings),
            metrics: Handles::of(&registry).unwrap(),
            registry,
        }
    }

    /// One run, shown if it worked.
    pub(crate) fn run(&mut self) -> (Result<LibvirtReading, CollectError>, Run) {
        let mut run = Run::within(Duration::from_secs(8));
        let reading = self.collector.read(&mut run);
        if let Ok(reading) = &reading {
            LibvirtCollector::publish(reading, &self.metrics);
        }
        (reading, run)
    }

    /// The value of a series, by the text before it.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let text = self.registry.render();
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(series)?.trim_start().parse().ok())
    }

    pub(crate) fn cpu(&self, name: &str) -> Option<f64> {
        self.value(&format!(
            "novacron_vm_cpu_seconds_total{{name=\"{name}\",host=\"host-1\"}}"
        ))
    }
}

fn grow(server: &Server) {
    for domain in &mut server.world().domains {
        domain.cpu_ns += 1_000_000_000;
    }
}

#[test]
fn one_guest_that_hangs_costs_one_call_and_the_others_stay_fresh() {
    let server = Server::with((0..40).map(Fake::running).collect());
    let mut watch = Watch::new(&server, settings(&server));
    watch.run().0.unwrap();
    assert_eq!(watch.cpu("vm0020"), Some(1.0));

    server.world().domains[20].hung = true;
    grow(&server);
    let start = Instant::now();
    let (reading, run) = watch.run();
    reading.unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    assert!(run.skipped() > 0, "the run was partial");
    assert!(
        run.skipped_targets()[0].starts_with("vm0020: "),
        "{:?}",
        run.skipped_targets()
    );
    // Those that were asked in other calls are fresh at once, those beside it with the next run.
    assert_eq!(
        (watch.cpu("vm0001"), watch.cpu("vm0039")),
        (Some(2.0), Some(2.0))
    );

    for round in 0..3 {
        grow(&server);
        let calls = server.world().calls.len();
        let start = Instant::now();
        let (reading, _) = watch.run();
        let reading = reading.unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "nobody waits for it any more"
        );
        assert_eq!(reading.blocked, 1);
        let seconds = f64::from(round) + 3.0;
        for name in ["vm0016", "vm0021", "vm0031", "vm0039"] {
            assert_eq!(watch.cpu(name), Some(seconds), "{name}");
        }
        // What needs no monitor, where somebody holds its job, is there as well.
        assert_eq!(watch.cpu("vm0020"), Some(seconds));
        assert_eq!(watch.value("novacron_libvirt_blocked_domains"), None);
        assert_eq!(
            watch.value("novacron_libvirt_blocked_domains{host=\"host-1\"}"),
            Some(1.0)
        );
        let heavy = |(procedure, domains): &&(u32, usize)| {
            *procedure == Procedure::ConnectGetAllDomainStats as u32 && *domains <= 16
        };
        let world = server.world();
        assert_eq!(
            world.calls[calls..].iter().filter(heavy).count(),
            4,
            "39 in threes, and it"
        );
    }

    server.world().domains[20].hung = false;
    std::thread::sleep(Duration::from_millis(50));
    grow(&server);
    let (reading, run) = watch.run();
    let reading = reading.unwrap();
    assert_eq!(
        (reading.blocked, run.skipped()),
        (0, 0),
        "{:?}",
        run.skipped_targets()
    );
    let disk = "novacron_vm_disk_reads_total{name=\"vm0020\",host=\"host-1\",device=\"vda\"}";
    assert!(watch.value(disk).is_some());
}

#[test]
fn a_daemon_that_hangs_is_down_at_once_and_up_again_when_it_answers() {
    let server = Server::with((0..3).map(Fake::running).collect());
    let mut watch = Watch::new(&server, settings(&server));
    watch.run().0.unwrap();
    let up = "novacron_libvirt_up{host=\"host-1\"}";
    assert_eq!(watch.value(up), Some(1.0));
    for trick in [
        Trick::Silence,
        Trick::HalfFrame,
        Trick::HangUp,
        Trick::Noise,
    ] {
        server.play(Procedure::ConnectListAllDomains, trick);
        let start = Instant::now();
        watch.run().0.unwrap();
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(watch.value(up), Some(0.0), "{trick:?}");
        assert_eq!(
            watch.cpu("vm0001"),
            Some(1.0),
            "what it said last, for a while"
        );
        let blocked = "novacron_libvirt_blocked_domains{host=\"host-1\"}";
        assert_eq!(watch.value(blocked), None, "nobody knows");
        server.world().trick = None;
        watch.run().0.unwrap();
        assert_eq!(watch.value(up), Some(1.0), "{trick:?}");
    }
}

#[test]
fn a_host_without_libvirt_is_no_failure_and_one_that_lost_it_is() {
    let server = Server::with(vec![Fake::running(0)]);
    let nowhere = LibvirtSettings {
        socket: Some(server.folder().join("nothing")),
        ..settings(&server)
    };
    let error = Watch::new(&server, nowhere).run().0.unwrap_err();
    assert_eq!(error.kind(), CollectErrorKind::Absent);

    let mut watch = Watch::new(&server, settings(&server));
    watch.run().0.unwrap();
    std::fs::remove_file(server.socket()).unwrap();
    server.play(Procedure::ConnectListAllDomains, Trick::HangUp);
    // The connection that was open ends, and there is nothing to connect to.
    watch.run().0.unwrap();
    watch.run().0.unwrap();
    assert_eq!(
        watch.value("novacron_libvirt_up{host=\"host-1\"}"),
        Some(0.0)
    );
}

#[test]
fn a_socket_that_asks_for_authentication_is_denied() {
    let server = Server::with(vec![Fake::running(0)]);
    let polkit_only = [0, 0, 0, 1, 0, 0, 0, 2];
    server.world().recorded = vec![(Procedure::AuthList as u32, polkit_only.to_vec())];
    let error = Watch::new(&server, settings(&server)).run().0.unwrap_err();
    assert_eq!(error.kind(), CollectErrorKind::Denied);
}

#[test]
fn what_a_guest_never_reported_is_absent_and_a_gone_guest_takes_its_series() {
    let mut silent = Fake::running(1);
    silent.reported = 0;
    silent.agent = None;
    let server = Server::with(vec![Fake::running(0), silent, Fake::shut_off(2)]);
    let mut watch = Watch::new(&server, settings(&server));
    watch.run().0.unwrap();
    let of = |family: &str, name: &str| {
        watch.value(&format!(
            "novacron_vm_{family}{{name=\"{name}\",host=\"host-1\"}}"
        ))
    };
    assert_eq!(of("memory_used_bytes", "vm0000"), Some(1000.0 * 1024.0));
    assert_eq!(of("memory_used_bytes", "vm0001"), None);
    assert_eq!(of("memory_swap_in_bytes_total", "vm0001"), None);
    assert!(
        of("memory_resident_bytes", "vm0001").is_some(),
        "the host knows this one"
    );
    assert_eq!(of("guest_agent_up", "vm0000"), Some(1.0));
    assert_eq!(of("guest_agent_up", "vm0001"), None);
    assert_eq!(of("cpu_seconds_total", "vm0002"), None);
    assert_eq!(of("vcpus", "vm0002"), Some(2.0));
    let text = watch.registry.render();
    for line in [
        "novacron_vm_status{name=\"vm0000\",host=\"host-1\",state=\"running\"} 1\n",
        "novacron_vm_status{name=\"vm0002\",host=\"host-1\",state=\"running\"} 0\n",
        "novacron_vm_status{name=\"vm0002\",host=\"host-1\",state=\"stopped\"} 1\n",
        "novacron_vm_desired_state{name=\"vm0000\",host=\"host-1\",state=\"running\"} 1\n",
        "novacron_vm_allocated_vcpus{host=\"host-1\"} 4\n",
        "novacron_libvirt_domains_total{host=\"host-1\",state=\"running\"} 2\n",
        "novacron_libvirt_domains_total{host=\"host-1\",state=\"shutoff\"} 1\n",
        "novacron_libvirt_info{host=\"host-1\",version=\"9.1.2\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}");
    }
    assert!(
        !text.contains("desired_state{name=\"vm0002\""),
        "nobody knows who wants it"
    );

    server.world().domains.remove(0);
    watch.run().0.unwrap();
    assert!(!watch.registry.render().contains("vm0000"));
}

#[test]
fn without_series_for_each_vm_the_host_is_still_counted() {
    let server = Server::with(vec![Fake::running(0)]);
    let mut watch = Watch::new(&server, settings(&server));
    watch.run().0.unwrap();
    assert!(watch.registry.render().contains("vm0000"));
    let few = LibvirtSettings {
        per_vm: false,
        ..settings(&server)
    };
    watch.collector = LibvirtCollector::new(Root::new(server.folder()), few);
    watch.run().0.unwrap();
    let text = watch.registry.render();
    assert!(!text.contains("vm0000"), "{text}");
    assert!(text.contains("novacron_vm_allocated_memory_bytes{host=\"host-1\"} 2147483648\n"));
    assert!(text.contains("state=\"running\"} 1\n"));
}

#[test]
fn a_sum_is_not_shown_while_a_part_of_it_is_unknown() {
    let server = Server::with((0..2).map(Fake::running).collect());
    server.world().domains[1].hung = true;
    let mut watch = Watch::new(&server, settings(&server));
    watch.run().0.unwrap();
    let sum = "novacron_vm_allocated_vcpus{host=\"host-1\"}";
    assert_eq!(watch.value(sum), None);
    assert_eq!(watch.cpu("vm0001"), None, "never read, so not zero");
    let status = "novacron_vm_status{name=\"vm0001\",host=\"host-1\",state=\"running\"}";
    assert_eq!(watch.value(status), Some(1.0), "its state needs no monitor");
}

#[test]
fn names_that_are_no_text_are_shown_and_told_apart() {
    let mut odd = [Fake::running(0), Fake::running(1)];
    odd[0].name = b"\xff\"\n".to_vec();
    odd[1].name = b"\xfe\"\n".to_vec();
    let server = Server::with(odd.to_vec());
    let mut watch = Watch::new(&server, settings(&server));
    let reading = watch.run().0.unwrap();
    let names: Vec<_> = reading
        .guests
        .unwrap()
        .into_iter()
        .map(|guest| guest.name)
        .collect();
    assert_eq!(names, ["\u{fffd}\"\n", "\u{fffd}\"\n~abababab"]);
    let text = watch.registry.render();
    assert!(text.contains("name=\"\u{fffd}\\\"\\n\""), "escaped");
}

#[test]
fn the_process_of_a_guest_tells_when_it_booted() {
    let server = Server::with((0..2).map(Fake::running).collect());
    let process = |pid: u32, uuid: &str, more: &[u8]| {
        let folder = server.folder().join(format!("proc/{pid}"));
        std::fs::create_dir_all(&folder).unwrap();
        let mut arguments = b"/usr/bin/qemu-system-x86_64\0-name\0guest=x\0-uuid\0".to_vec();
        arguments.extend(uuid.as_bytes());
        arguments.extend(more);
        std::fs::write(folder.join("cmdline"), arguments).unwrap();
        let ticks = 5 * rustix::param::clock_ticks_per_second();
        let stat = format!("{pid} (qemu) S{} {ticks} 0\n", " 0".repeat(18));
        std::fs::write(folder.join("stat"), stat).unwrap();
    };
    process(41, "abababab-abab-abab-abab-abab00000000", b"\0");
    process(
        42,
        "abababab-abab-abab-abab-abab00000001",
        b"\0-incoming\0defer\0",
    );
    std::fs::write(
        server.folder().join("proc/stat"),
        "cpu 1\nbtime 1700000000\n",
    )
    .unwrap();
    let mut watch = Watch::new(&server, settings(&server));
    watch.run().0.unwrap();
    watch.run().0.unwrap();
    let booted = |name: &str| {
        watch.value(&format!(
            "novacron_vm_boot_time_seconds{{name=\"{name}\",host=\"host-1\"}}"
        ))
    };
    assert_eq!(booted("vm0000"), Some(1_700_000_005.0));
    assert_eq!(booted("vm0001"), None, "it came from elsewhere");
}
