//! An exporter of your own, to start from: what waits in a folder of jobs.
//!
//!     cargo run -p novacron-collectors --features exporter --example custom_exporter -- /var/spool/jobs
//!     curl http://127.0.0.1:9641/metrics
//!
//! 1. Say what there is to see: a group of metrics. Name, unit and help are checked when it compiles.
//! 2. Say how it is found out: `read` may block and fail, `publish` may do neither.
//! 3. Hand it to a `Telemetry` and open a port. Deadlines, staleness, health and
//!    `novacron_collector_*` come with that.

#![allow(clippy::print_stdout, reason = "a program talks to its terminal")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use std::{env, fs};

use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};
use novacron_telemetry::expose::ListenerOptions;
use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::{Collected, Gauge};
use novacron_telemetry::registry::{Groups, MetricGroup};
use novacron_telemetry::{Result, Telemetry};

/// What waits in a folder.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "acme_spool", writer = Collector("spool"))]
struct SpoolMetrics {
    /// Jobs that wait, by kind.
    #[metric(unit = "jobs")]
    jobs_waiting: Collected<JobLabels, Gauge>,

    /// How long the oldest job has waited; absent when none waits.
    #[metric(unit = Seconds)]
    oldest_job_age_seconds: Gauge,
}

/// Which kind of job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct JobLabels {
    kind: JobKind,
}

/// The ending of a job's file. Whoever writes there chooses it, so it is capped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 32)]
struct JobKind(String);

/// Looks into the folder.
struct Spool {
    folder: PathBuf,
}

/// What one look found. The default is "nothing is known".
#[derive(Debug, Default, PartialEq)]
struct Waiting {
    by_kind: BTreeMap<String, u32>,
    oldest: Option<Duration>,
}

impl Collector for Spool {
    type Metrics = SpoolMetrics;
    type Reading = Waiting;
    const NAME: &'static str = "spool";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_secs(10));

    fn read(&mut self, run: &mut Run) -> std::result::Result<Waiting, CollectError> {
        // A folder that is not there is no failure: `?` makes it `CollectError::absent`.
        let mut waiting = Waiting::default();
        for job in fs::read_dir(&self.folder)? {
            if run.expired() {
                run.skip(self.folder.display(), "no time left for the rest");
                break;
            }
            let job = job?;
            let path = job.path();
            // Gone since it was listed: somebody took it up.
            let Ok(written) = job.metadata().and_then(|metadata| metadata.modified()) else {
                continue;
            };
            let kind = path.extension().and_then(|ending| ending.to_str());
            *waiting
                .by_kind
                .entry(kind.unwrap_or("none").to_owned())
                .or_default() += 1;
            let age = SystemTime::now()
                .duration_since(written)
                .unwrap_or_default();
            waiting.oldest = waiting.oldest.max(Some(age));
        }
        Ok(waiting)
    }

    fn publish(waiting: &Waiting, metrics: &SpoolMetrics) {
        let kinds = waiting.by_kind.iter();
        metrics
            .jobs_waiting
            .replace_all(kinds.map(|(kind, jobs)| (JobLabelsRef { kind }, f64::from(*jobs))));
        let oldest = waiting.oldest.map(|age| age.as_secs_f64());
        metrics.oldest_job_age_seconds.set_or_clear(oldest);
    }
}

fn main() -> Result<()> {
    let folder = env::args_os()
        .nth(1)
        .unwrap_or_else(|| "/var/spool/jobs".into());
    let telemetry = Telemetry::builder("spool-exporter", env!("CARGO_PKG_VERSION"))
        // Of the catalog only what an exporter says about itself.
        .groups(Groups::EXPORTER | Groups::PROCESS | Groups::HEALTH)
        .build()?;
    telemetry.collect(Spool {
        folder: folder.into(),
    })?;
    let listener = telemetry.listen(ListenerOptions::new(([127, 0, 0, 1], 9641)))?;
    println!("http://{}/metrics", listener.local_addr());
    // Everything happens on threads of its own.
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_counted_by_kind_and_what_is_gone_is_gone() -> Result<()> {
        let folder = tempfile::tempdir().expect("a folder");
        for job in ["a.migrate", "b.migrate", "c.backup", "d"] {
            fs::write(folder.path().join(job), "").expect("a job");
        }
        let telemetry = Telemetry::builder("spool-exporter", "1.0.0").build()?;
        let metrics = telemetry.register::<SpoolMetrics>()?;
        let mut spool = Spool {
            folder: folder.path().into(),
        };
        let look = |spool: &mut Spool| spool.read(&mut Run::within(Duration::from_secs(5)));

        Spool::publish(&look(&mut spool).expect("a look"), &metrics);
        let shown = telemetry.registry().snapshot();
        let jobs = |kind| shown.value("acme_spool_jobs_waiting", &[("kind", kind)]);
        assert_eq!(
            [jobs("migrate"), jobs("backup"), jobs("none")],
            [Some(2.0), Some(1.0), Some(1.0)]
        );

        for job in ["a.migrate", "b.migrate", "c.backup", "d"] {
            fs::remove_file(folder.path().join(job)).expect("a job");
        }
        Spool::publish(&look(&mut spool).expect("a look"), &metrics);
        let shown = telemetry.registry().snapshot();
        assert!(shown.series("acme_spool_jobs_waiting").is_empty());
        assert_eq!(shown.value("acme_spool_oldest_job_age_seconds", &[]), None);

        drop(folder);
        let absent = look(&mut spool).expect_err("no folder");
        assert_eq!(
            absent.kind(),
            novacron_telemetry::collect::CollectErrorKind::Absent
        );
        Ok(())
    }
}
