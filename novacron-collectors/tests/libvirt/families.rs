//! Every family whose writer is one of these collectors is written by it, and by nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use novacron_collectors::Root;
use novacron_collectors::libvirt::{JobsCollector, LibvirtCollector};
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::collect::{Collector, Run};
use novacron_telemetry::metric::Writer;
use novacron_telemetry::registry::{Handles, Registry};

use crate::goldens::steady;
use crate::guests::settings;
use crate::server::{Fake, Param, Server};
use crate::support::{golden, own};

fn run<C: Collector>(collector: &mut C, metrics: &C::Metrics) {
    let reading = collector.read(&mut Run::within(Duration::from_secs(5)));
    C::publish(&reading.unwrap(), metrics);
}

/// All families that name this collector, and no others, are there.
fn all_of<C: Collector>(exposition: &str) {
    let types = exposition
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    let written: BTreeSet<_> = types.filter_map(|line| line.split(' ').next()).collect();
    let promised: BTreeSet<_> = Catalog::descriptors()
        .filter(|family| matches!(family.writer, Writer::Collector(name) if name == C::NAME))
        .map(|family| family.name)
        .collect();
    assert_eq!(written, promised);
}

#[test]
fn guests_with_everything_are_shown_in_full() {
    let server = Server::with(vec![Fake::running(0), Fake::shut_off(1)]);
    let process = server.folder().join("proc/7");
    std::fs::create_dir_all(&process).unwrap();
    let arguments = "qemu\0-uuid\0abababab-abab-abab-abab-abab00000000\0";
    std::fs::write(process.join("cmdline"), arguments).unwrap();
    let stat = format!("7 (qemu) S{} 0 0\n", " 0".repeat(18));
    std::fs::write(process.join("stat"), stat).unwrap();
    std::fs::write(server.folder().join("proc/stat"), "btime 1700000000\n").unwrap();

    let registry = Registry::builder().opt_in("novacron_vm_resource_usage");
    let registry = registry.try_build().unwrap();
    let metrics = <LibvirtCollector as Collector>::Metrics::of(&registry).unwrap();
    let root = Root::new(server.folder());
    let mut collector = LibvirtCollector::new(root, settings(&server));
    run(&mut collector, &metrics);
    // Shares are of time that has passed.
    std::thread::sleep(Duration::from_millis(600));
    server.world().domains[0].cpu_ns += 1;
    run(&mut collector, &metrics);
    let exposition = own(&registry.render());
    all_of::<LibvirtCollector>(&exposition);
    golden("libvirt-invented.prom", &steady(&exposition));

    LibvirtCollector::publish(&Default::default(), &metrics);
    assert_eq!(
        own(&registry.render()),
        "",
        "what is not known is not shown"
    );
}

#[test]
fn jobs_with_everything_are_shown_in_full() {
    let server = Server::with(vec![Fake::running(0)]);
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
    server.world().domains[0].job = (2, numbers.clone());

    let registry = Registry::new();
    let metrics = <JobsCollector as Collector>::Metrics::of(&registry).unwrap();
    let root = Root::new(server.folder());
    let mut collector = JobsCollector::new(root, settings(&server));
    run(&mut collector, &metrics);
    let running = own(&registry.render());
    {
        let mut world = server.world();
        let domain = &mut world.domains[0];
        (domain.id, domain.job, domain.completed) = (-1, (0, Vec::new()), (3, numbers));
    }
    run(&mut collector, &metrics);
    run(&mut collector, &metrics);
    let exposition = running + &own(&registry.render());
    all_of::<JobsCollector>(&exposition);
    golden("libvirt_jobs-invented.prom", &exposition);
}
