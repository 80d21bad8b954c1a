//! libvirt as virsh sees it, and what happens when it, or a guest, stands still or dies.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::exporter::Exporter;
use crate::judge::{Times, Verdict};
use crate::lab::{Guest, Lab, Part, Side, wait_for};
use crate::scrape::Exposition;

/// How long a last good value is shown: three intervals, but at least this.
const STALE_AFTER: Duration = Duration::from_secs(30);

/// Both collectors of libvirt on one side, every quarter of a second: what a guest reports of its
/// memory every other second then stands still between most readings.
fn exporter(lab: &Lab, side: Side, name: &str) -> Exporter {
    let socket = lab.socket(side);
    let rest = ["libvirt", "libvirt_jobs"].map(|collector| {
        format!(
            "[collectors.{collector}]\nsocket = \"{}\"\ninterval = \"250ms\"\n",
            socket.display()
        )
    });
    Exporter::start(
        lab,
        name,
        &format!("collect_container_stats = false\n{}", rest.concat()),
    )
}

/// What `virsh domstats` says of one domain, by its name there.
struct Stats(BTreeMap<String, String>);

impl Stats {
    #[track_caller]
    fn of(lab: &Lab, domain: &str) -> Stats {
        let text = lab.virsh(Side::A, &["domstats", domain]);
        Stats(
            text.lines()
                .filter_map(|line| line.trim().split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    #[track_caller]
    fn number(&self, name: &str) -> f64 {
        let text = self
            .0
            .get(name)
            .unwrap_or_else(|| panic!("domstats has no {name}"));
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

const NANOSECONDS: f64 = 1e-9;
const KIB: f64 = 1024.0;

#[test]
fn a_domain_is_what_virsh_says_it_is() {
    let Some(lab) = Lab::enter("a_domain_is_what_virsh_says_it_is", &[Part::Libvirt]) else {
        return;
    };
    let guests = [lab.guest(4), lab.guest(5)];
    let exporter = exporter(&lab, Side::A, "agree");
    let mut verdict = Verdict::default();
    for _ in 0..12 {
        let names = guests.each_ref().map(Guest::name);
        let before = names.each_ref().map(|name| Stats::of(&lab, name));
        let ours = exporter.after_a_round_of("libvirt");
        let after = names.each_ref().map(|name| Stats::of(&lab, name));
        for ((name, before), after) in names.iter().zip(&before).zip(&after) {
            compare(&mut verdict, name, before, &ours, after);
        }
        let running = lab.virsh(Side::A, &["list", "--name", "--state-running"]);
        let running = running.lines().filter(|line| !line.is_empty()).count();
        assert_eq!(
            ours.value("novacron_libvirt_domains_total", &[("state", "running")]),
            Some(f64::from(u32::try_from(running).expect("a handful")))
        );
        assert_eq!(ours.value("novacron_libvirt_up", &[]), Some(1.0));
    }
    let compared: Vec<&str> = COUNTERS
        .iter()
        .chain(DISK_COUNTERS)
        .chain(GAUGES)
        .map(|(family, _, _)| *family)
        .chain(TRAFFIC.iter().chain(DISK_GAUGES).map(|(family, _)| *family))
        .collect();
    verdict.assert("domains beside virsh domstats", &compared);
}

/// What only rises: ours, virsh's, theirs in our unit.
const COUNTERS: &[(&str, &str, f64)] = &[
    ("novacron_vm_cpu_seconds_total", "cpu.time", NANOSECONDS),
    (
        "novacron_vm_cpu_user_seconds_total",
        "cpu.user",
        NANOSECONDS,
    ),
    (
        "novacron_vm_cpu_system_seconds_total",
        "cpu.system",
        NANOSECONDS,
    ),
    ("novacron_vm_vcpu_seconds_total", "vcpu.0.time", NANOSECONDS),
    (
        "novacron_vm_cpu_wait_seconds_total",
        "vcpu.0.wait",
        NANOSECONDS,
    ),
    (
        "novacron_vm_cpu_steal_seconds_total",
        "vcpu.0.delay",
        NANOSECONDS,
    ),
    (
        "novacron_vm_memory_major_faults_total",
        "balloon.major_fault",
        1.0,
    ),
    (
        "novacron_vm_memory_minor_faults_total",
        "balloon.minor_fault",
        1.0,
    ),
    (
        "novacron_vm_memory_swap_in_bytes_total",
        "balloon.swap_in",
        KIB,
    ),
    (
        "novacron_vm_memory_swap_out_bytes_total",
        "balloon.swap_out",
        KIB,
    ),
];

const DISK_COUNTERS: &[(&str, &str, f64)] = &[
    ("novacron_vm_disk_read_bytes_total", "block.0.rd.bytes", 1.0),
    (
        "novacron_vm_disk_written_bytes_total",
        "block.0.wr.bytes",
        1.0,
    ),
    ("novacron_vm_disk_reads_total", "block.0.rd.reqs", 1.0),
    ("novacron_vm_disk_writes_total", "block.0.wr.reqs", 1.0),
    ("novacron_vm_disk_flushes_total", "block.0.fl.reqs", 1.0),
    (
        "novacron_vm_disk_read_seconds_total",
        "block.0.rd.times",
        NANOSECONDS,
    ),
    (
        "novacron_vm_disk_write_seconds_total",
        "block.0.wr.times",
        NANOSECONDS,
    ),
    (
        "novacron_vm_disk_flush_seconds_total",
        "block.0.fl.times",
        NANOSECONDS,
    ),
];

/// Per direction: `rx` or `tx` stands before the last part of virsh's name.
const TRAFFIC: &[(&str, &str)] = &[
    ("novacron_vm_network_bytes_total", "bytes"),
    ("novacron_vm_network_packets_total", "pkts"),
    ("novacron_vm_network_errors_total", "errs"),
    ("novacron_vm_network_drops_total", "drop"),
];

const GAUGES: &[(&str, &str, f64)] = &[
    ("novacron_vm_vcpus", "vcpu.current", 1.0),
    ("novacron_vm_memory_bytes", "balloon.maximum", KIB),
    ("novacron_vm_memory_balloon_bytes", "balloon.current", KIB),
    ("novacron_vm_memory_resident_bytes", "balloon.rss", KIB),
    (
        "novacron_vm_memory_available_bytes",
        "balloon.available",
        KIB,
    ),
    ("novacron_vm_memory_unused_bytes", "balloon.unused", KIB),
    ("novacron_vm_memory_usable_bytes", "balloon.usable", KIB),
    (
        "novacron_vm_memory_disk_caches_bytes",
        "balloon.disk_caches",
        KIB,
    ),
    (
        "novacron_vm_memory_report_timestamp_seconds",
        "balloon.last-update",
        1.0,
    ),
];

const DISK_GAUGES: &[(&str, &str)] = &[
    ("novacron_vm_disk_capacity_bytes", "block.0.capacity"),
    ("novacron_vm_disk_physical_bytes", "block.0.physical"),
];

/// One domain, everything of it that virsh also says.
fn compare(verdict: &mut Verdict, name: &str, before: &Stats, ours: &Exposition, after: &Stats) {
    let vm = ("name", name);
    let mut counter = |family: &str, labels: &[(&str, &str)], stat: &str, unit: f64| {
        let labels: Vec<_> = [vm].into_iter().chain(labels.iter().copied()).collect();
        verdict.counter(
            family,
            before.number(stat) * unit,
            ours.value(family, &labels),
            after.number(stat) * unit,
        );
    };
    let disk = [("device", before.text("block.0.name"))];
    let tap = before.text("net.0.name");
    for (family, stat, unit) in COUNTERS {
        counter(family, &[], stat, *unit);
    }
    for (family, stat, unit) in DISK_COUNTERS {
        counter(family, &disk, stat, *unit);
    }
    for (family, stat) in TRAFFIC {
        for (direction, way) in [("receive", "rx"), ("transmit", "tx")] {
            let labels = [("interface", tap), ("direction", direction)];
            counter(family, &labels, &format!("net.0.{way}.{stat}"), 1.0);
        }
    }

    let mut gauge = |family: &str, labels: &[(&str, &str)], stat: &str, unit: f64| {
        verdict.gauge(
            family,
            before.number(stat) * unit,
            ours.value(family, labels),
            after.number(stat) * unit,
        );
    };
    for (family, stat, unit) in GAUGES {
        gauge(family, &[vm], stat, *unit);
    }
    for (family, stat) in DISK_GAUGES {
        gauge(family, &[vm, disk[0]], stat, 1.0);
    }
    assert_eq!(
        ours.value("novacron_vm_status", &[vm, ("state", "running")]),
        Some(1.0)
    );
}

#[test]
fn a_destroyed_guest_leaves_the_next_exposition() {
    let Some(lab) = Lab::enter(
        "a_destroyed_guest_leaves_the_next_exposition",
        &[Part::Libvirt],
    ) else {
        return;
    };
    let stays = lab.guest(4);
    let goes = lab.guest(5);
    let exporter = exporter(&lab, Side::A, "destroy");
    let shown = exporter.after_a_round_of("libvirt");
    assert!(shown.series_with("name", &goes.name()) > 10);
    let name = goes.name();
    drop(goes);
    let shown = exporter.after_a_round_of("libvirt");
    assert_eq!(shown.series_with("name", &name), 0, "{name} is gone");
    assert!(shown.series_with("name", &stays.name()) > 10);
}

#[test]
fn a_live_migration_is_seen_from_its_beginning_to_its_end() {
    let Some(lab) = Lab::enter("a_live_migration_is_seen", &[Part::Libvirt]) else {
        return;
    };
    let guest = lab.guest(4);
    let name = guest.name();
    let vm = ("name", name.as_str());
    let (a, b) = (
        exporter(&lab, Side::A, "source"),
        exporter(&lab, Side::B, "target"),
    );
    assert!(a.after_a_round_of("libvirt").series_with("name", &name) > 10);
    assert_eq!(b.after_a_round_of("libvirt").series_with("name", &name), 0);

    let migration = guest.migrate(6);
    let begun = Instant::now();
    let mut times = Times::default();
    let mut polls = Vec::new();
    while !migration.is_finished() {
        assert!(
            begun.elapsed() < Duration::from_secs(180),
            "the migration does not end"
        );
        let (shown, took) = a.timed();
        times.add(took);
        if shown.value("novacron_libvirt_job_active", &[vm]) == Some(1.0) {
            polls.push((
                shown.value("novacron_libvirt_job_memory_processed_bytes", &[vm]),
                shown.value("novacron_libvirt_job_memory_remaining_bytes", &[vm]),
            ));
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    migration
        .join()
        .expect("the thread ends")
        .expect("the migration succeeds");
    times.assert_below_50_ms("scrapes during a live migration");
    println!(
        "the job was seen active in {} scrapes: {:?} to {:?}",
        polls.len(),
        polls.first(),
        polls.last()
    );
    let distinct = polls
        .iter()
        .filter_map(|poll| poll.0)
        .fold((0, 0.0), |(n, last), now| {
            assert!(now >= last, "what was processed shrank");
            (n + usize::from(now > last), now)
        });
    assert!(
        distinct.0 >= 4,
        "the job's progress was hardly seen: {polls:?}"
    );

    // How it ended, as virsh still knows: on the side that it left.
    let completed = lab.virsh(
        Side::A,
        &["domjobinfo", &name, "--completed", "--keep-completed"],
    );
    let ended = |family: &str, status: &[(&str, &str)], shown: &Exposition| {
        let labels: Vec<_> = [("operation", "migration_out")]
            .into_iter()
            .chain(status.iter().copied())
            .collect();
        shown.value(family, &labels)
    };
    let shown = wait_for(
        "the end of the job is counted",
        Duration::from_secs(15),
        || {
            let shown = a.scrape();
            let counted = ended(
                "novacron_libvirt_jobs_ended_total",
                &[("status", "success")],
                &shown,
            );
            (counted == Some(1.0)).then_some(shown)
        },
    );
    for (family, field) in [
        ("novacron_libvirt_job_duration_seconds", "Time elapsed"),
        ("novacron_libvirt_job_downtime_seconds", "Total downtime"),
    ] {
        let milliseconds = completed
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
            .and_then(|value| value.split_whitespace().next()?.parse::<f64>().ok())
            .unwrap_or_else(|| panic!("no {field} in {completed}"));
        println!("{family}: virsh says {milliseconds} ms");
        assert_eq!(
            ended(&format!("{family}_count"), &[], &shown),
            Some(1.0),
            "{family}"
        );
        let sum = ended(&format!("{family}_sum"), &[], &shown).expect("a sum beside the count");
        assert!(
            (sum * 1000.0 - milliseconds).abs() < 0.5,
            "{family}: {sum} s"
        );
    }
    assert_eq!(
        shown.all("novacron_libvirt_job_active", &[vm]).count(),
        0,
        "the job is over"
    );

    // The guest's own series move from one side to the other.
    wait_for(
        "the guest's series move to side b",
        Duration::from_secs(15),
        || {
            let (source, target) = (a.scrape(), b.scrape());
            let left = source.value("novacron_vm_status", &[vm, ("state", "running")]) != Some(1.0);
            let arrived = target.value("novacron_vm_status", &[vm, ("state", "running")])
                == Some(1.0)
                && target
                    .value("novacron_vm_cpu_seconds_total", &[vm])
                    .is_some();
            (left && arrived).then_some(())
        },
    );
}

#[test]
fn a_stopped_libvirtd_slows_no_scrape_and_heals() {
    let Some(lab) = Lab::enter("a_stopped_libvirtd_slows_no_scrape", &[Part::Libvirt]) else {
        return;
    };
    let guest = lab.guest(4);
    let name = guest.name();
    let exporter = exporter(&lab, Side::A, "stopped");
    assert!(
        exporter
            .after_a_round_of("libvirt")
            .series_with("name", &name)
            > 10
    );

    let mut times = Times::default();
    let stopped = lab.libvirtd(Side::A).stopped();
    let begun = Instant::now();
    let (mut failed_after, mut gone_after) = (None, None);
    while gone_after.is_none() || begun.elapsed() < Duration::from_secs(15) {
        let elapsed = begun.elapsed();
        assert!(
            elapsed < STALE_AFTER + Duration::from_secs(20),
            "old values are shown for ever"
        );
        let (shown, took) = exporter.timed();
        times.add(took);
        if !succeeds(&shown) {
            failed_after.get_or_insert(elapsed);
        }
        if shown
            .value("novacron_vm_cpu_seconds_total", &[("name", &name)])
            .is_none()
        {
            gone_after.get_or_insert(elapsed);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    times.assert_below_50_ms("scrapes while libvirtd stands still");
    let (failed_after, gone_after) = (failed_after.expect("it failed"), gone_after.expect("gone"));
    println!(
        "libvirtd stopped: success 0 after {failed_after:.1?}, series gone after {gone_after:.1?}"
    );
    assert!(failed_after < Duration::from_secs(15), "{failed_after:?}");

    drop(stopped);
    let begun = Instant::now();
    wait_until_fresh(&exporter, &name);
    println!(
        "libvirtd continued: fresh again after {:.1?}",
        begun.elapsed()
    );
}

#[test]
fn a_stopped_guest_leaves_the_others_fresh_and_heals() {
    let Some(lab) = Lab::enter("a_stopped_guest_leaves_the_others_fresh", &[Part::Libvirt]) else {
        return;
    };
    let (hangs, lives) = (lab.guest(4), lab.guest(5));
    let exporter = exporter(&lab, Side::A, "hung-guest");
    assert!(
        exporter
            .after_a_round_of("libvirt")
            .series_with("name", &lives.name())
            > 10
    );

    let mut times = Times::default();
    let stopped = hangs.qemu().stopped();
    let begun = Instant::now();
    // The longest that the healthy guest's processor time, which never rests, was shown unchanged.
    let (mut last, mut since, mut longest) = (None, begun, Duration::ZERO);
    while begun.elapsed() < Duration::from_secs(40) {
        let (shown, took) = exporter.timed();
        times.add(took);
        let now = shown.value("novacron_vm_cpu_seconds_total", &[("name", &lives.name())]);
        assert!(now.is_some(), "the healthy guest is shown all the time");
        if now != last {
            (last, since) = (now, Instant::now());
        }
        longest = longest.max(since.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
    times.assert_below_50_ms("scrapes while one guest's QEMU stands still");
    println!("beside a hung guest the other's values were at most {longest:.1?} old");
    assert!(
        longest < Duration::from_secs(15),
        "the healthy guest was old by {longest:?}"
    );

    drop(stopped);
    let begun = Instant::now();
    wait_until_fresh(&exporter, &hangs.name());
    println!(
        "the guest continued: fresh again after {:.1?}",
        begun.elapsed()
    );
}

#[test]
fn a_killed_libvirtd_is_found_again() {
    let Some(lab) = Lab::enter("a_killed_libvirtd_is_found_again", &[Part::Libvirt]) else {
        return;
    };
    let guest = lab.guest(4);
    let exporter = exporter(&lab, Side::A, "killed");
    assert!(
        exporter
            .after_a_round_of("libvirt")
            .series_with("name", &guest.name())
            > 10
    );
    let killed = lab.kill_libvirtd(Side::A);
    let shown = wait_for(
        "the end of libvirtd is noticed",
        Duration::from_secs(15),
        || {
            let shown = exporter.scrape();
            (shown.value("novacron_libvirt_up", &[]) == Some(0.0)).then_some(shown)
        },
    );
    assert!(!succeeds(&shown));
    killed.restart();
    let begun = Instant::now();
    wait_until_fresh(&exporter, &guest.name());
    println!(
        "libvirtd restarted: fresh again after {:.1?}",
        begun.elapsed()
    );
}

fn succeeds(shown: &Exposition) -> bool {
    shown.value("novacron_collector_success", &[("collector", "libvirt")]) == Some(1.0)
}

/// Waits until the collector succeeds and this guest's processor time moves.
#[track_caller]
fn wait_until_fresh(exporter: &Exporter, guest: &str) {
    let cpu = |shown: &Exposition| shown.value("novacron_vm_cpu_seconds_total", &[("name", guest)]);
    let first = cpu(&exporter.scrape());
    wait_for(
        "the guest's values are fresh again",
        Duration::from_secs(60),
        || {
            let shown = exporter.scrape();
            (succeeds(&shown) && cpu(&shown).is_some() && cpu(&shown) != first).then_some(())
        },
    );
}
