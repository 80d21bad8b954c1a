//! The collector `libvirt_jobs`: jobs while they run, and how they are counted once they ended.

use std::time::Duration;

use novacron_collectors::Root;
use novacron_collectors::libvirt::protocol::Procedure;
use novacron_collectors::libvirt::{JobsCollector, JobsReading};
use novacron_telemetry::catalog::LibvirtMetrics;
use novacron_telemetry::collect::{CollectError, Collector, Run};
use novacron_telemetry::registry::{Handles, Registry};

use crate::answers::recorded;
use crate::guests::settings;
use crate::server::{Fake, Param, Params, Server, Trick, job_event};

struct Watch {
    collector: JobsCollector,
    registry: Registry,
    metrics: LibvirtMetrics,
}

impl Watch {
    fn new(server: &Server) -> Self {
        let registry = Registry::new();
        Self {
            collector: JobsCollector::new(Root::new(server.folder()), settings(server)),
            metrics: Handles::of(&registry).unwrap(),
            registry,
        }
    }

    fn run(&mut self) -> Result<JobsReading, CollectError> {
        let mut run = Run::within(Duration::from_secs(4));
        let reading = self.collector.read(&mut run)?;
        JobsCollector::publish(&reading, &self.metrics);
        Ok(reading)
    }

    fn ended(&self, status: &str) -> Option<u64> {
        self.value(&format!(
            "novacron_libvirt_jobs_ended_total{{host=\"host-1\",operation=\"migration_out\",status=\"{status}\"}}"
        ))
        .map(|count| count as u64)
    }

    fn value(&self, series: &str) -> Option<f64> {
        let text = self.registry.render();
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(series)?.trim_start().parse().ok())
    }

    fn of_job(&self, family: &str) -> Option<f64> {
        self.value(&format!(
            "novacron_libvirt_job_{family}{{name=\"vm0000\",host=\"host-1\",operation=\"migration_out\"}}"
        ))
    }
}

/// A migration that has run for so many milliseconds.
fn migration(elapsed: u64, iteration: u64) -> Params {
    let mut params = vec![("operation".to_owned(), Param::Int(5))];
    for (field, value) in [
        ("time_elapsed", elapsed),
        ("downtime", 300),
        ("data_total", 1 << 28),
        ("data_processed", 1 << 20),
        ("data_remaining", 1 << 27),
        ("memory_total", 1 << 28),
        ("memory_dirty_rate", 150),
        ("memory_page_size", 4096),
        ("memory_iteration", iteration),
    ] {
        params.push((field.to_owned(), Param::Ulong(value)));
    }
    params
}

#[test]
fn a_migration_is_shown_while_it_runs_and_counted_when_it_ended() {
    let server = Server::with(vec![Fake::running(0), Fake::running(1)]);
    let mut watch = Watch::new(&server);
    assert_eq!(watch.run().unwrap().running, []);
    server.world().domains[0].job = (2, migration(1000, 1));
    watch.run().unwrap();
    assert_eq!(watch.of_job("active"), Some(1.0));
    assert_eq!(watch.of_job("elapsed_seconds"), Some(1.0));
    assert_eq!(
        watch.of_job("memory_dirty_bytes_per_second"),
        None,
        "the first pass"
    );
    server.world().domains[0].job = (2, migration(2000, 2));
    watch.run().unwrap();
    assert_eq!(
        watch.of_job("memory_dirty_bytes_per_second"),
        Some(150.0 * 4096.0)
    );
    assert_eq!(watch.of_job("expected_downtime_seconds"), Some(0.3));

    // It ends: the domain is shut off here, the record stays.
    let mut done = migration(2500, 3);
    done[2].1 = Param::Ulong(60);
    {
        let mut world = server.world();
        let domain = &mut world.domains[0];
        (domain.id, domain.state, domain.job) = (-1, 5, (0, Params::new()));
        domain.completed = (3, done);
    }
    watch.run().unwrap();
    assert_eq!(watch.of_job("active"), None, "gone at once");
    assert_eq!(watch.ended("success"), None, "the event may be on its way");
    watch.run().unwrap();
    assert_eq!(watch.ended("success"), Some(1));
    let labels = "{host=\"host-1\",operation=\"migration_out\"}";
    let value = |family: &str| watch.value(&format!("novacron_libvirt_job_{family}{labels}"));
    assert_eq!(value("duration_seconds_sum"), Some(2.5));
    assert_eq!(value("downtime_seconds_sum"), Some(0.06));
    assert_eq!(value("moved_bytes_total"), Some(f64::from(1 << 20)));
    for _ in 0..3 {
        watch.run().unwrap();
    }
    assert_eq!(watch.ended("success"), Some(1), "once");
}

#[test]
fn an_event_counts_a_job_once_also_one_that_nobody_saw() {
    let server = Server::with(vec![Fake::running(0)]);
    let mut watch = Watch::new(&server);
    watch.run().unwrap();
    let domain = Fake::running(0);
    let mut done = migration(800, 1);
    done.push(("success".to_owned(), Param::Bool(true)));
    server.world().events.push_back(job_event(&domain, &done));
    watch.run().unwrap();
    assert_eq!(watch.ended("success"), Some(1));

    // One that was seen: the event comes after the job is gone, and nothing is counted twice.
    server.world().domains[0].job = (2, migration(1000, 1));
    watch.run().unwrap();
    server.world().domains[0].job = (0, Params::new());
    watch.run().unwrap();
    server.world().events.push_back(job_event(&domain, &done));
    watch.run().unwrap();
    watch.run().unwrap();
    assert_eq!(
        (watch.ended("success"), watch.ended("failed")),
        (Some(2), None)
    );
}

#[test]
fn a_migration_whose_domain_stays_has_failed_and_one_that_is_gone_is_unknown() {
    let server = Server::with(vec![Fake::running(0), Fake::running(1)]);
    let mut watch = Watch::new(&server);
    for domain in &mut server.world().domains {
        domain.job = (2, migration(1000, 1));
    }
    watch.run().unwrap();
    server.world().domains.remove(1);
    server.world().domains[0].job = (0, Params::new());
    watch.run().unwrap();
    watch.run().unwrap();
    assert_eq!(
        (watch.ended("failed"), watch.ended("unknown")),
        (Some(1), Some(1))
    );
    assert_eq!(watch.ended("success"), None);
}

#[test]
fn a_daemon_that_hangs_in_the_middle_of_a_job_does_not_end_it() {
    let server = Server::with(vec![Fake::running(0)]);
    let mut watch = Watch::new(&server);
    server.world().domains[0].job = (2, migration(1000, 1));
    watch.run().unwrap();
    server.play(Procedure::ConnectListAllDomains, Trick::Silence);
    watch.run().unwrap_err();
    watch.run().unwrap_err();
    server.world().trick = None;
    server.play(Procedure::DomainGetJobStats, Trick::Silence);
    for _ in 0..3 {
        watch.run().unwrap();
    }
    server.world().trick = None;
    for status in ["success", "failed", "unknown", "cancelled"] {
        assert_eq!(watch.ended(status), None);
    }
}

#[test]
fn recorded_answers_of_a_real_migration_are_shown() {
    let server = Server::with(vec![Fake::running(0)]);
    let play = |name: &str| {
        let (header, payload) = recorded(name);
        server.world().recorded = vec![(header.procedure, payload)];
    };
    let mut watch = Watch::new(&server);
    play("job-early");
    watch.run().unwrap();
    assert_eq!(
        (watch.of_job("active"), watch.of_job("memory_bytes")),
        (Some(1.0), None)
    );
    play("job-running");
    watch.run().unwrap();
    assert_eq!(watch.of_job("memory_bytes"), watch.of_job("data_bytes"));
    assert!(watch.of_job("memory_dirty_bytes_per_second") > Some(0.0));
    assert!(watch.of_job("memory_iterations") >= Some(2.0));
}
