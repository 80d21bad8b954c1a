//! Every family whose writer is one of these collectors is written by it.

use std::collections::BTreeSet;
use std::time::Duration;

use novacron_collectors::Root;
use novacron_collectors::libvirt::{JobsCollector, LibvirtCollector};
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::collect::{Collector, Run};
use novacron_telemetry::metric::Writer;
use novacron_telemetry::registry::{Handles, Registry};

use crate::guests::settings;
use crate::server::{Fake, Param, Server};

#[test]
fn every_family_of_the_two_collectors_is_written_by_them() {
    let server = Server::with(vec![Fake::running(0), Fake::shut_off(1)]);
    let mut numbers = vec![("operation".to_owned(), Param::Int(5))];
    for field in [
        "time_elapsed",
        "downtime",
        "data_total",
        "data_processed",
        "data_remaining",
        "memory_total",
        "memory_processed",
        "memory_remaining",
        "memory_bps",
        "memory_dirty_rate",
        "memory_page_size",
        "memory_iteration",
        "memory_postcopy_requests",
        "disk_total",
        "disk_processed",
        "disk_remaining",
        "auto_converge_throttle",
    ] {
        numbers.push((field.to_owned(), Param::Ulong(4)));
    }
    let folder = server.folder().join("proc/7");
    std::fs::create_dir_all(&folder).unwrap();
    let arguments = "qemu\0-uuid\0abababab-abab-abab-abab-abab00000000\0";
    std::fs::write(folder.join("cmdline"), arguments).unwrap();
    std::fs::write(
        folder.join("stat"),
        format!("7 (qemu) S{} 1 0\n", " 0".repeat(18)),
    )
    .unwrap();
    std::fs::write(server.folder().join("proc/stat"), "btime 1700000000\n").unwrap();

    let registry = Registry::new();
    let root = Root::new(server.folder());
    let run = || Run::within(Duration::from_secs(5));
    let metrics = <LibvirtCollector as Collector>::Metrics::of(&registry).unwrap();
    let mut domains = LibvirtCollector::new(root.clone(), settings(&server));
    for _ in 0..2 {
        let reading = domains.read(&mut run()).unwrap();
        LibvirtCollector::publish(&reading, &metrics);
        server.world().domains[0].cpu_ns += 1;
        std::thread::sleep(Duration::from_millis(600));
    }
    let reading = domains.read(&mut run()).unwrap();
    LibvirtCollector::publish(&reading, &metrics);

    let metrics = <JobsCollector as Collector>::Metrics::of(&registry).unwrap();
    let mut jobs = JobsCollector::new(root, settings(&server));
    let mut step = || {
        let reading = jobs.read(&mut run()).unwrap();
        JobsCollector::publish(&reading, &metrics);
        registry.render()
    };
    server.world().domains[0].job = (2, numbers.clone());
    let running = step();
    {
        let mut world = server.world();
        let domain = &mut world.domains[0];
        (domain.id, domain.job, domain.completed) = (-1, (0, Vec::new()), (3, numbers));
    }
    step();
    let ended = step();

    let mine = Catalog::descriptors().filter(|family| {
        matches!(family.writer, Writer::Collector("libvirt" | "libvirt_jobs")) && !family.opt_in
    });
    let written = |name: &str| {
        [&running, &ended].into_iter().any(|text| {
            let mut lines = text.lines();
            lines.any(|line| {
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with(['{', '_', ' ']))
            })
        })
    };
    let missing: BTreeSet<_> = mine
        .map(|family| family.name)
        .filter(|name| !written(name))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");

    // What is not known any more is not shown any more.
    let metrics = <LibvirtCollector as Collector>::Metrics::of(&registry).unwrap();
    LibvirtCollector::publish(&Default::default(), &metrics);
    JobsCollector::publish(&Default::default(), &metrics.1);
    let text = registry.render();
    let left: Vec<_> = text.lines().filter(|line| line.contains("name=")).collect();
    assert!(left.is_empty(), "{left:#?}");
    assert!(!text.contains("novacron_libvirt_up{"), "nobody knows");
}
