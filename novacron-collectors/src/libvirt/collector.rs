//! One run over all domains: what needs no monitor first, then the rest, group by group.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use novacron_telemetry::collect::{CollectError, CollectErrorKind, Collector, Run, Schedule};

use super::client::ClientError;
use super::domain::DomainStats;
use super::guest::{Guest, KEPT_FOR, Known, tell_apart};
use super::link::{Link, failure};
use super::plan::{GROUP, Plan, Turn, Uuid};
use super::process;
use super::protocol::{ControlState, Domain, NO_WAIT, RemoteError, groups};
use super::settings::LibvirtSettings;
use super::xml;
use crate::Root;

/// What needs no monitor.
const LIGHT: u32 = groups::STATE | groups::INTERFACE;
/// What waits for one.
const HEAVY: u32 = groups::CPU_TOTAL | groups::BALLOON | groups::VCPU | groups::BLOCK;
/// What is known of a domain that is shut off, without touching its disks: those may be on storage
/// that does not answer, and nothing of them changes.
const SHUT_OFF: u32 = groups::BALLOON | groups::VCPU;
/// What is left of the other groups for somebody who does not wait.
const PEEK: u32 = groups::CPU_TOTAL | groups::BALLOON | groups::VCPU;

/// Each keeps a worker of the daemon, of which there are twenty by default.
const MOST_ABANDONED: usize = 2;
/// Domains that are shut off in one call.
const SHUT_OFF_GROUP: usize = 256;
/// Kept back of a run, so that what was read is handed over in time.
const MARGIN: Duration = Duration::from_millis(300);

/// The collector `libvirt`. See the [module](super).
#[derive(Debug)]
pub struct LibvirtCollector {
    root: Root,
    settings: LibvirtSettings,
    host: String,
    /// For what is answered at once; never waits for a monitor.
    light: Link,
    /// For what may hang: given up together with the call.
    heavy: Link,
    plan: Plan,
    known: HashMap<Uuid, Known>,
    version: Option<String>,
    /// When processes were last looked for.
    processes: Option<Instant>,
    last: Option<(Instant, Vec<Guest>)>,
}

/// What one run found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LibvirtReading {
    /// The `host` label.
    pub host: String,
    /// Whether the daemon answered; none if nothing is known at all.
    pub up: Option<bool>,
    /// The daemon's release.
    pub version: Option<String>,
    /// The domains, sorted by name; none if nobody knows.
    pub guests: Option<Vec<Guest>>,
    /// How many of them do not answer the daemon.
    pub blocked: usize,
    /// Whether each domain has series of its own.
    pub per_vm: bool,
}

impl LibvirtCollector {
    /// A collector of what is below this root: its sockets, and the processes of its guests.
    #[must_use]
    pub fn new(root: Root, settings: LibvirtSettings) -> Self {
        Self {
            host: settings.host_label(&root),
            light: Link::new(&root, &settings),
            heavy: Link::new(&root, &settings),
            // Longer than until the next run, or it would be no pause.
            plan: Plan::new(Self::SCHEDULE.interval() * 2),
            known: HashMap::new(),
            version: None,
            processes: None,
            last: None,
            root,
            settings,
        }
    }

    /// A moment this much later, before the run ends.
    fn within(&self, run: &Run, limit: Duration) -> Instant {
        let end = run.deadline().checked_sub(MARGIN);
        let end = end.unwrap_or_else(|| run.deadline());
        end.min(Instant::now() + limit)
    }

    fn call(&self, run: &Run) -> Instant {
        self.within(run, self.settings.call_timeout)
    }

    /// Whether what is left of the run is too short for a call to be judged by it.
    fn is_late(&self, run: &Run) -> bool {
        run.remaining() <= MARGIN + self.settings.call_timeout / 2
    }

    /// All domains, with what needs no monitor.
    fn read_light(&mut self, run: &Run) -> Result<Vec<DomainStats>, ClientError> {
        let deadline = self.call(run);
        let (connection, fresh) = self.light.open(deadline)?;
        if fresh {
            self.version = match connection.version(deadline) {
                Ok(version) => Some(release(version)),
                Err(ClientError::Remote(_)) => None,
                Err(error) => return Err(error),
            };
        }
        // It is served by workers that no guest can keep: whether the daemon lives shows here.
        connection.domains(deadline)?;
        // Interfaces are counted one by one; with a thousand of them that takes its time.
        let deadline = self.within(run, run.remaining().mul_f64(0.6));
        let all: [&Domain; 0] = [];
        let stats = |link: &mut Link| {
            link.ask(deadline, |connection| {
                connection.stats(&all, LIGHT, 0, deadline)
            })
        };
        stats(&mut self.light)
    }

    /// The domains whose turn it is, and those whose job somebody holds.
    fn turns<'a>(&mut self, run: &mut Run, domains: &[&'a Domain]) -> [Vec<&'a Domain>; 2] {
        let (mut ask, mut peek) = (Vec::new(), Vec::new());
        for domain in domains {
            let deadline = self.call(run);
            let info = match self.is_late(run) {
                true => Err(ClientError::TimedOut),
                false => self.light.ask(deadline, |connection| {
                    connection.control_info(domain, deadline)
                }),
            };
            match info {
                Ok(info) => match self.plan.turn(&domain.uuid, info, Instant::now()) {
                    Turn::Ask => ask.push(*domain),
                    Turn::Leave(why) => run.skip(domain.display_name(), why),
                    Turn::Peek(why) => {
                        run.skip(domain.display_name(), why);
                        peek.push(*domain);
                    }
                },
                // Its driver does not tell: then it is not one that waits for monitors.
                Err(ClientError::Remote(error)) if error.code == RemoteError::NO_SUPPORT => {
                    ask.push(*domain);
                }
                // It has stopped in between.
                Err(ClientError::Remote(_)) => {}
                Err(error) => run.skip(domain.display_name(), error),
            }
        }
        [ask, peek]
    }

    /// What waits for the monitors of these.
    fn read_heavy(&mut self, run: &mut Run, domains: &[&Domain]) {
        let mut abandoned = 0;
        for group in self.plan.groups(domains) {
            if abandoned >= MOST_ABANDONED || self.is_late(run) {
                for domain in group {
                    run.skip(domain.display_name(), "no time left in this run");
                }
                continue;
            }
            match self.ask(run, &group, HEAVY) {
                Ok(()) => group
                    .iter()
                    .for_each(|domain| self.plan.worked(&domain.uuid)),
                Err(ClientError::TimedOut) => {
                    abandoned += 1;
                    self.look_for_the_one(run, &group);
                }
                Err(error) => run.skip(name_of(&group), error),
            }
        }
    }

    /// The call for a group was given up; it is still on, and whose monitor it occupies can be seen.
    fn look_for_the_one(&mut self, run: &mut Run, group: &[&Domain]) {
        let now = Instant::now();
        let deadline = self.call(run);
        let held = self.settings.call_timeout.mul_f64(0.5);
        let mut found = false;
        for domain in group {
            let info = self.light.ask(deadline, |connection| {
                connection.control_info(domain, deadline)
            });
            if let Ok(info) = info
                && info.state == ControlState::Occupied
                && Duration::from_millis(info.for_ms) >= held
            {
                found = true;
                self.plan.kept_waiting(&domain.uuid, now);
                run.skip(domain.display_name(), "it does not answer libvirt");
            }
        }
        match found {
            // The others wait for nobody: soon, but not at once.
            true => run.again_in(self.settings.call_timeout),
            false => {
                self.plan.suspect(group, now);
                run.skip(name_of(group), "no answer within the deadline");
            }
        }
    }

    /// One call on the connection that may hang.
    fn ask(&mut self, run: &Run, domains: &[&Domain], groups: u32) -> Result<(), ClientError> {
        let deadline = self.call(run);
        let answer = self.heavy.ask(deadline, |connection| {
            connection.stats(domains, groups, NO_WAIT, deadline)
        })?;
        let now = Instant::now();
        for stats in answer {
            if let Some(known) = self.known.get_mut(&stats.domain.uuid) {
                known.heard(stats, now);
            }
        }
        Ok(())
    }

    /// What is asked now and then: definitions, and when processes began.
    fn read_details(&mut self, run: &Run, domains: &[&Domain]) {
        let now = Instant::now();
        for domain in domains {
            let Some(known) = self.known.get_mut(&domain.uuid) else {
                continue;
            };
            if !known.needs_details(now) {
                continue;
            }
            // Those that are left have their turn in the next run.
            if run.remaining() <= MARGIN * 4 {
                return;
            }
            let deadline = Instant::now() + self.settings.call_timeout.min(run.remaining() / 2);
            let answer = self.light.ask(deadline, |connection| {
                let autostart = connection.autostart(domain, deadline)?;
                let definition = match domain.is_active() {
                    true => xml::definition(&connection.xml(domain, deadline)?),
                    false => xml::Definition::default(),
                };
                Ok((autostart, definition))
            });
            match answer {
                Ok((autostart, definition)) => {
                    known.autostart = Some(autostart);
                    known.agent_connected = definition.agent_connected;
                    known.has_details(now);
                }
                // Not to be had; that it cannot be had does not change from run to run either.
                Err(ClientError::Remote(_)) => known.has_details(now),
                Err(_) => return,
            }
        }
        self.read_boot_times(domains, now);
    }

    fn read_boot_times(&mut self, domains: &[&Domain], now: Instant) {
        let active = |domain: &&&Domain| domain.is_active();
        let unknown = |domain: &&Domain| {
            let known = self.known.get(&domain.uuid);
            known.is_some_and(|known| known.booted.is_none())
        };
        let due = self
            .processes
            .is_none_or(|then| now.saturating_duration_since(then) >= KEPT_FOR);
        if !due || !domains.iter().filter(active).any(unknown) {
            return;
        }
        self.processes = Some(now);
        for (uuid, booted) in process::boot_times(&self.root) {
            if let Some(known) = self.known.get_mut(&uuid) {
                known.booted = Some(booted);
            }
        }
    }

    fn reading(&self, up: bool, guests: Option<Vec<Guest>>) -> LibvirtReading {
        LibvirtReading {
            host: self.host.clone(),
            up: Some(up),
            version: self.version.clone().filter(|_| up),
            guests,
            blocked: 0,
            per_vm: self.settings.per_vm,
        }
    }

    /// What is said while the daemon does not answer: that it does not, and for a while what it said
    /// before.
    fn without_daemon(&self, run: &mut Run, why: &ClientError) -> LibvirtReading {
        // Even if its socket is gone: that it was there makes it a failure.
        let error = failure(why);
        run.fail(match error.kind() {
            CollectErrorKind::Absent => CollectError::failed(error.why().to_owned()),
            _ => error,
        });
        let recent = self.last.as_ref();
        let recent = recent.filter(|(then, _)| then.elapsed() <= KEPT_FOR);
        let mut guests = recent.map(|(_, guests)| guests.clone());
        for guest in guests.iter_mut().flatten() {
            guest.cpu_usage = None;
        }
        self.reading(false, guests)
    }
}

impl Collector for LibvirtCollector {
    type Metrics = super::publish::Metrics;
    type Reading = LibvirtReading;

    const NAME: &'static str = "libvirt";
    const SCHEDULE: Schedule =
        Schedule::every(Duration::from_secs(10)).deadline(Duration::from_secs(8));

    fn read(&mut self, run: &mut Run) -> Result<LibvirtReading, CollectError> {
        let light = match self.read_light(run) {
            Ok(light) => light,
            Err(error) => {
                let failure = failure(&error);
                return match failure.kind() {
                    // It was there: that it is gone is news, not absence.
                    CollectErrorKind::Absent if self.last.is_some() => {
                        Ok(self.without_daemon(run, &error))
                    }
                    CollectErrorKind::Absent | CollectErrorKind::Denied => Err(failure),
                    _ => Ok(self.without_daemon(run, &error)),
                };
            }
        };
        let domains: Vec<&Domain> = light.iter().map(|stats| &stats.domain).collect();
        let (active, shut_off): (Vec<_>, Vec<_>) = domains
            .iter()
            .copied()
            .partition(|domain| domain.is_active());
        for domain in &domains {
            self.known.entry(domain.uuid).or_default().begin(domain);
        }
        let there: std::collections::HashSet<_> = domains.iter().map(|d| d.uuid).collect();
        self.known.retain(|uuid, _| there.contains(uuid));
        self.plan.retain(|uuid| there.contains(uuid));

        for group in shut_off.chunks(SHUT_OFF_GROUP) {
            if let Err(error) = self.ask(run, group, SHUT_OFF) {
                run.skip(name_of(group), error);
            }
        }
        let [ask, peek] = self.turns(run, &active);
        self.read_heavy(run, &ask);
        for group in peek.chunks(GROUP) {
            // That they are left out has been said; here is only what is there nevertheless.
            if self.is_late(run) || self.ask(run, group, PEEK).is_err() {
                break;
            }
        }
        self.read_details(run, &domains);

        let now = Instant::now();
        let mut guests: Vec<Guest> = light
            .iter()
            .filter_map(|stats| Some(self.known.get_mut(&stats.domain.uuid)?.guest(stats, now)))
            .collect();
        tell_apart(&mut guests);
        self.last = Some((now, guests.clone()));
        let mut reading = self.reading(true, Some(guests));
        reading.blocked = peek.len();
        Ok(reading)
    }

    fn publish(reading: &LibvirtReading, metrics: &Self::Metrics) {
        super::publish::publish(reading, metrics);
    }
}

fn name_of(group: &[&Domain]) -> String {
    match group {
        [] => "no domain".to_owned(),
        [one] => one.display_name(),
        [first, others @ ..] => format!("{} and {} more", first.display_name(), others.len()),
    }
}

/// 9 001 002 is release 9.1.2.
fn release(number: u64) -> String {
    let (major, minor, patch) = (number / 1_000_000, number / 1000 % 1000, number % 1000);
    format!("{major}.{minor}.{patch}")
}
