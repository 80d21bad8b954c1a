//! A thousand domains: how long a run and a scrape take, and what is left of domains that are gone.

use std::time::{Duration, Instant};

use crate::guests::{Watch, settings};
use crate::server::{Fake, Server};

fn patient(server: &Server) -> Watch {
    let mut settings = settings(server);
    settings.call_timeout = Duration::from_secs(2);
    Watch::new(server, settings)
}

#[test]
fn a_thousand_domains_are_read_in_one_run_and_scraped_from_memory() {
    let server = Server::with((0..1000).map(Fake::running).collect());
    let mut watch = patient(&server);
    let start = Instant::now();
    let (reading, run) = watch.run();
    let read = start.elapsed();
    assert_eq!(reading.unwrap().guests.unwrap().len(), 1000);
    assert_eq!(run.skipped(), 0, "{:?}", run.skipped_targets());
    // What the thread itself took; beside other work the clock on the wall says little.
    let scrapes = (0..5).map(|_| {
        let (wall, cpu) = (Instant::now(), cpu_time());
        let text = watch.registry.render();
        (wall.elapsed(), cpu_time() - cpu, text)
    });
    let (wall, scrape, text) = scrapes.min_by_key(|(_, cpu, _)| *cpu).unwrap();
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    println!(
        "1000 domains: read in {read:?}, {series} series of {} bytes scraped in {scrape:?} of CPU, {wall:?}",
        text.len()
    );
    let of = |family: &str| text.lines().filter(|line| line.starts_with(family)).count();
    assert_eq!(
        of("novacron_vm_network_bytes_total{"),
        4000,
        "none is past a cap"
    );
    assert_eq!(of("novacron_vm_disk_read_bytes_total{"), 2000);
    assert_eq!(of("novacron_vm_cpu_seconds_total{"), 1000);
    // Far more than it takes, also without optimisation and beside other work.
    assert!(scrape < Duration::from_secs(2), "{scrape:?}");
}

#[test]
fn an_hour_of_coming_and_going_leaves_nothing_behind() {
    const RUNS: u32 = 360;
    const THERE: u32 = 50;
    const CHANGED: u32 = 10;
    let server = Server::with((0..THERE).map(Fake::running).collect());
    let mut watch = patient(&server);
    let mut resident = Vec::new();
    for run in 0..RUNS {
        {
            // Each run some are gone, and others, with names nobody has seen, are there.
            let mut world = server.world();
            let next = THERE + run * CHANGED;
            world.domains.drain(..CHANGED as usize);
            world
                .domains
                .extend((next..next + CHANGED).map(Fake::running));
            world.calls.clear();
        }
        let (reading, _) = watch.run();
        assert_eq!(reading.unwrap().guests.unwrap().len(), THERE as usize);
        if run % 60 == 59 {
            let text = watch.registry.render();
            let gone = format!("name=\"vm{:04}\"", run * CHANGED);
            let there = format!("name=\"vm{:04}\"", THERE + run * CHANGED + CHANGED - 1);
            assert!(!text.contains(&gone) && text.contains(&there));
            resident.push(resident_bytes());
        }
    }
    println!("resident after each sixth of {RUNS} runs: {resident:?}");
    let (early, last) = (resident[1], *resident.last().unwrap());
    assert!(last < early + (16 << 20), "{resident:?}");
}

/// CPU time of this thread.
fn cpu_time() -> Duration {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = schedstat.split(' ').next().unwrap().parse();
    Duration::from_nanos(nanoseconds.unwrap())
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size() as u64
}
