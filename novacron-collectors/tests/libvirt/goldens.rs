//! What the recorded answers of a real daemon look like on a scrape.

use novacron_collectors::Root;
use novacron_collectors::libvirt::protocol::{self, Domain, Procedure};
use novacron_collectors::libvirt::{JobsCollector, LibvirtCollector};

use crate::answers::recorded;
use crate::guests::settings;
use crate::server::{Fake, Server};
use crate::support::{Shown, golden};

/// A daemon that has the recorded domains and repeats what was recorded of them.
fn replayed(names: &[&str]) -> Server {
    let domains = protocol::domains(&recorded("domains").1).unwrap();
    let fake = |Domain { name, uuid, id }| Fake {
        name,
        uuid,
        id,
        ..Fake::running(0)
    };
    let server = Server::with(domains.into_iter().map(fake).collect());
    play(&server, names);
    server
}

fn play(server: &Server, names: &[&str]) {
    server.world().recorded = names
        .iter()
        .map(|name| {
            let (header, payload) = recorded(name);
            (header.procedure, payload)
        })
        .collect();
}

/// With 1 instead of what changes from run to run.
pub(crate) fn steady(exposition: &str) -> String {
    let changes = [
        "novacron_vm_last_seen_timestamp_seconds{",
        "novacron_vm_cpu_usage_ratio{",
        "novacron_vm_resource_usage{",
    ];
    let lines =
        exposition.lines().map(
            |line| match changes.iter().any(|name| line.starts_with(name)) {
                true => format!("{} 1\n", line.rsplit_once(' ').unwrap().0),
                false => format!("{line}\n"),
            },
        );
    lines.collect()
}

#[test]
fn two_guests_of_a_real_daemon() {
    let server = replayed(&[
        "auth",
        "open",
        "version",
        "domains",
        "stats",
        "control",
        "autostart",
    ]);
    let collector = LibvirtCollector::new(Root::new(server.folder()), settings(&server));
    let mut shown = Shown::new(collector);
    shown.run().unwrap();
    assert_eq!(shown.skipped, [""; 0]);
    golden("libvirt.prom", &steady(&shown.exposition()));
    assert_eq!(shown.forget(), "", "nothing is left of what is not known");
}

#[test]
fn a_real_migration() {
    let server = replayed(&["control", "watch", "job-running"]);
    server
        .world()
        .domains
        .retain(|domain| domain.name == b"lab1");
    let collector = JobsCollector::new(Root::new(server.folder()), settings(&server));
    let mut shown = Shown::new(collector);
    shown.run().unwrap();
    let running = shown.exposition();
    play(&server, &["control", "job-none"]);
    server.world().events.push_back(recorded("job-event").1);
    shown.run().unwrap();
    let ended = shown.exposition();
    assert!(!ended.contains("novacron_libvirt_job_active"), "{ended}");
    golden("libvirt_jobs.prom", &(running + &ended));
    let procedure = Procedure::DomainEventCallbackJobCompleted as u32;
    assert_eq!(recorded("job-event").0.procedure, procedure);
}
