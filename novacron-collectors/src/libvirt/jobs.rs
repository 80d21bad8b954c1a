//! The collector `libvirt_jobs`: migrations, saves, backups, while they run and when they have ended.
//!
//! Most of the time there is no job, and looking for one is cheap. While one runs it is looked at
//! every second. A job that begins and ends in between is known from the daemon's event; what became
//! of one that nobody told about is concluded from where its domain is now, and otherwise unknown.

use std::collections::HashMap;
use std::mem;
use std::time::{Duration, Instant};

use novacron_telemetry::catalog::LibvirtMetrics;
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use super::client::{ClientError, Connection};
use super::job::{self, JobStats, Operation, Phase};
use super::link::{Link, failure};
use super::plan::{Plan, Turn, Uuid};
use super::protocol::{Domain, JOB_COMPLETED, JOB_KEEP_COMPLETED, RemoteError};
use super::settings::LibvirtSettings;
use crate::Root;

/// How often a job that runs is looked at.
const ACTIVE: Duration = Duration::from_secs(1);
/// Kept back of a run, so that what was read is handed over in time.
const MARGIN: Duration = Duration::from_millis(200);
/// Ends that could not be handed over are kept for the next run, up to so many.
const MOST_ENDED: usize = 4096;

/// The collector `libvirt_jobs`. See the [module](super).
#[derive(Debug)]
pub struct JobsCollector {
    settings: LibvirtSettings,
    host: String,
    link: Link,
    plan: Plan,
    running: HashMap<Uuid, Running>,
    ended: Vec<EndedJob>,
}

/// What one run found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobsReading {
    /// The `host` label.
    pub host: String,
    /// Jobs that run.
    pub running: Vec<RunningJob>,
    /// Jobs that ended since the last run.
    pub ended: Vec<EndedJob>,
    /// Whether each domain has series of its own.
    pub per_vm: bool,
}

/// A job that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningJob {
    /// The domain's name.
    pub name: String,
    /// Its numbers; only the operation if the domain did not answer.
    pub stats: JobStats,
}

/// A job that ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndedJob {
    /// What it did.
    pub operation: Operation,
    /// How it ended; none if nobody knows.
    pub phase: Option<Phase>,
    /// Its last numbers, if it completed.
    pub stats: Option<JobStats>,
}

/// A job that was seen.
#[derive(Clone, Debug)]
struct Running {
    domain: Domain,
    last: JobStats,
    /// It was not there when it was looked for: its event may be on its way.
    missed: bool,
}

impl JobsCollector {
    /// A collector of the jobs behind the sockets below this root.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "every collector is made of a root of its own and its settings"
    )]
    pub fn new(root: Root, settings: LibvirtSettings) -> Self {
        Self {
            host: settings.host_label(&root),
            link: Link::new(&root, &settings),
            plan: Plan::new(Self::SCHEDULE.interval() * 2),
            running: HashMap::new(),
            ended: Vec::new(),
            settings,
        }
    }

    fn call(&self, run: &Run) -> Instant {
        let end = run.deadline().checked_sub(MARGIN);
        let end = end.unwrap_or_else(|| run.deadline());
        end.min(Instant::now() + self.settings.call_timeout)
    }

    fn domains(&mut self, run: &Run) -> Result<Vec<Domain>, ClientError> {
        let deadline = self.call(run);
        let (connection, fresh) = self.link.open(deadline)?;
        if fresh {
            match connection.watch_jobs(deadline) {
                // A daemon without these events tells less, and no less of what it tells.
                Ok(()) | Err(ClientError::Remote(_)) => {}
                Err(error) => return Err(error),
            }
        }
        connection.domains(deadline)
    }

    /// The job of one domain, as far as it is to be had.
    fn job(&mut self, run: &mut Run, domain: &Domain) -> Result<Option<JobStats>, ClientError> {
        let deadline = self.call(run);
        let info = self
            .link
            .ask(deadline, |link| link.control_info(domain, deadline))?;
        // Asking for a job waits for the monitor like everything else.
        if let Turn::Leave(why) | Turn::Peek(why) =
            self.plan.turn(&domain.uuid, info, Instant::now())
        {
            run.skip(domain.display_name(), why);
            let known = self.running.get(&domain.uuid);
            return Ok(known.map(|known| JobStats {
                phase: Phase::Running,
                operation: known.last.operation,
                ..JobStats::default()
            }));
        }
        let answer = self
            .link
            .ask(deadline, |link| link.job(domain, 0, deadline));
        match answer {
            Ok(stats) => {
                self.plan.worked(&domain.uuid);
                Ok(Some(stats).filter(|stats| stats.phase != Phase::None))
            }
            // Only where a guest comes from its job has numbers.
            Err(ClientError::Remote(error)) if error.code == RemoteError::OPERATION_UNSUPPORTED => {
                Ok(Some(JobStats {
                    phase: Phase::Running,
                    operation: Operation::MigrationIn,
                    ..JobStats::default()
                }))
            }
            Err(ClientError::TimedOut) => {
                self.plan.kept_waiting(&domain.uuid, Instant::now());
                Err(ClientError::TimedOut)
            }
            Err(error) => Err(error),
        }
    }

    /// The events that came in between answers.
    fn hear_events(&mut self, deadline: Instant) {
        let Ok((connection, _)) = self.link.open(deadline) else {
            return;
        };
        for payload in connection.take_events() {
            if let Ok((domain, stats)) = job::decode_event(&payload) {
                self.running.remove(&domain.uuid);
                self.end(stats.operation, Some(stats.phase), Some(stats));
            }
        }
    }

    fn end(&mut self, operation: Operation, phase: Option<Phase>, stats: Option<JobStats>) {
        if self.ended.len() < MOST_ENDED {
            self.ended.push(EndedJob {
                operation,
                phase,
                stats: stats.filter(|_| phase == Some(Phase::Completed)),
            });
        }
    }

    /// What became of a job that is no more.
    fn conclude(&mut self, run: &Run, job: &Running, domains: &[Domain]) {
        let now = domains.iter().find(|domain| domain.uuid == job.domain.uuid);
        let record = now.and_then(|domain| {
            let deadline = self.call(run);
            let flags = JOB_COMPLETED | JOB_KEEP_COMPLETED;
            let answer = self
                .link
                .ask(deadline, |link| link.job(domain, flags, deadline));
            answer.ok()
        });
        let runs_on = now.is_some_and(|domain| domain.id == job.domain.id && domain.is_active());
        let (phase, stats) = verdict(&job.last, runs_on, record);
        self.end(job.last.operation, phase, stats);
    }
}

/// How a job ended, by its last numbers, by whether its domain goes on here, and by what the daemon
/// keeps of the last job that completed, which need not be this one.
fn verdict(
    last: &JobStats,
    runs_on: bool,
    record: Option<JobStats>,
) -> (Option<Phase>, Option<JobStats>) {
    let record = record.filter(|record| {
        record.operation == last.operation
            && record.phase != Phase::None
            && record.elapsed_ms >= last.elapsed_ms
    });
    let phase = match (last.operation, runs_on) {
        _ if matches!(last.phase, Phase::Failed | Phase::Cancelled) => Some(last.phase),
        // What was to leave and is still here has not left.
        (Operation::MigrationOut | Operation::Save, true) => Some(Phase::Failed),
        (Operation::MigrationIn, true) => Some(Phase::Completed),
        (Operation::MigrationIn, false) => Some(Phase::Failed),
        _ => record.map(|record| record.phase),
    };
    (phase, record)
}

impl Collector for JobsCollector {
    type Metrics = LibvirtMetrics;
    type Reading = JobsReading;

    const NAME: &'static str = "libvirt_jobs";
    const SCHEDULE: Schedule =
        Schedule::every(Duration::from_secs(5)).deadline(Duration::from_secs(4));

    fn read(&mut self, run: &mut Run) -> Result<JobsReading, CollectError> {
        let domains = self.domains(run).map_err(|error| failure(&error))?;
        let mut rows = Vec::new();
        let mut asked = HashMap::new();
        for domain in domains.iter().filter(|domain| domain.is_active()) {
            if run.remaining() <= MARGIN * 2 {
                run.skip(domain.display_name(), "no time left in this run");
                continue;
            }
            match self.job(run, domain) {
                Ok(job) => {
                    asked.insert(domain.uuid, job);
                }
                // It has stopped in between, or its driver knows no jobs.
                Err(ClientError::Remote(_)) => {
                    asked.insert(domain.uuid, None);
                }
                Err(error) => run.skip(domain.display_name(), error),
            }
        }
        for domain in &domains {
            if let Some(Some(stats)) = asked.get(&domain.uuid) {
                rows.push(RunningJob {
                    name: domain.display_name(),
                    stats: *stats,
                });
                let known = self.running.entry(domain.uuid).or_insert_with(|| Running {
                    domain: domain.clone(),
                    last: *stats,
                    missed: false,
                });
                known.missed = false;
                // Without numbers nothing new is known.
                if stats.elapsed_ms.is_some() {
                    known.last = *stats;
                }
            }
        }
        self.hear_events(self.call(run));

        let there = |uuid: &Uuid| domains.iter().any(|domain| domain.uuid == *uuid);
        let mut over = Vec::new();
        self.running.retain(|uuid, job| {
            let active = domains.iter().any(|d| d.uuid == *uuid && d.is_active());
            let seen = match asked.get(uuid) {
                Some(job) => job.is_some(),
                // It was not asked about: it may go on, unless its domain does not.
                None => active,
            };
            if !seen && job.missed {
                over.push(job.clone());
                return false;
            }
            job.missed = !seen;
            true
        });
        for job in over {
            self.conclude(run, &job, &domains);
        }
        self.plan.retain(there);
        if !self.running.is_empty() {
            run.again_in(ACTIVE);
        }
        if run.expired() {
            // Nobody will see this reading; what ended is told with the next.
            return Err(CollectError::timed_out("the domains took too long"));
        }
        Ok(JobsReading {
            host: self.host.clone(),
            running: rows,
            ended: mem::take(&mut self.ended),
            per_vm: self.settings.per_vm,
        })
    }

    fn publish(reading: &JobsReading, metrics: &LibvirtMetrics) {
        super::publish_jobs::publish(reading, metrics);
    }
}

impl Connection {
    /// What a domain's job has done; with [`JOB_COMPLETED`] of the last one that completed. Waits
    /// for its monitor.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn job(
        &mut self,
        domain: &Domain,
        flags: u32,
        deadline: Instant,
    ) -> Result<JobStats, ClientError> {
        let args = super::protocol::domain_args(domain, Some(flags));
        let payload = self.call(
            super::protocol::Procedure::DomainGetJobStats,
            &args,
            deadline,
        )?;
        Ok(job::decode(payload)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(operation: Operation) -> JobStats {
        JobStats {
            phase: Phase::Running,
            operation,
            elapsed_ms: Some(5000),
            ..JobStats::default()
        }
    }

    #[test]
    fn what_nobody_told_is_concluded_from_where_the_domain_is() {
        let out = last(Operation::MigrationOut);
        let done = JobStats {
            phase: Phase::Completed,
            elapsed_ms: Some(6000),
            ..out
        };
        assert_eq!(
            verdict(&out, false, Some(done)),
            (Some(Phase::Completed), Some(done))
        );
        assert_eq!(
            verdict(&out, true, Some(done)).0,
            Some(Phase::Failed),
            "it is still here"
        );
        assert_eq!(verdict(&out, false, None), (None, None), "nobody knows");
        let earlier = JobStats {
            elapsed_ms: Some(10),
            ..done
        };
        assert_eq!(
            verdict(&out, false, Some(earlier)).0,
            None,
            "of another job"
        );
        let cancelled = JobStats {
            phase: Phase::Cancelled,
            ..out
        };
        assert_eq!(verdict(&cancelled, true, None).0, Some(Phase::Cancelled));
        let inward = last(Operation::MigrationIn);
        assert_eq!(verdict(&inward, true, None).0, Some(Phase::Completed));
        assert_eq!(verdict(&inward, false, None).0, Some(Phase::Failed));
        assert_eq!(verdict(&last(Operation::Backup), true, None).0, None);
    }
}
