//! What is remembered of a domain between runs, and what a reading says about it.

use std::time::{Duration, Instant, SystemTime};

use super::domain::{DomainStats, State};
use super::process::format_uuid;
use super::protocol::Domain;

/// How long what a hypervisor said last is shown while it says nothing more. A counter that stands
/// still is soon a lie.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(30);
/// How often it is asked again whether the agent is there and the domain starts with its host.
const DETAILS_AGE: Duration = Duration::from_secs(30);
/// Shares of less time than this are mostly noise.
const SHORTEST_SHARE: Duration = Duration::from_millis(500);

/// What one reading says about a domain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guest {
    /// Its name; with the beginning of its UUID if another one reads the same.
    pub name: String,
    /// Its UUID, as it is written.
    pub uuid: String,
    /// Its statistics.
    pub stats: DomainStats,
    /// CPU time since the last reading, divided by what its virtual CPUs could have had.
    pub cpu_usage: Option<f64>,
    /// When its process began, in seconds since 1970.
    pub booted: Option<f64>,
    /// Whether its guest agent is connected.
    pub agent_connected: Option<bool>,
    /// Whether it starts with its host.
    pub autostart: Option<bool>,
    /// When all of its statistics were last read, in seconds since 1970.
    pub seen: Option<f64>,
}

impl Guest {
    /// Whether it has a process.
    pub(crate) fn is_active(&self) -> bool {
        self.stats.domain.is_active()
    }
}

/// What is remembered of a domain, for as long as it runs.
#[derive(Debug, Default)]
pub(crate) struct Known {
    id: Option<i32>,
    /// What waited for its monitor, as it was last read.
    heavy: DomainStats,
    /// When nothing was missing.
    complete: Option<(Instant, f64)>,
    cpu: Option<(Instant, u64)>,
    cpu_usage: Option<f64>,
    state: Option<State>,
    details: Option<Instant>,
    pub(crate) booted: Option<f64>,
    pub(crate) agent_connected: Option<bool>,
    pub(crate) autostart: Option<bool>,
}

impl Known {
    /// Forgets what belonged to an earlier run of the domain.
    pub(crate) fn begin(&mut self, domain: &Domain) {
        if self.id != Some(domain.id) {
            *self = Self {
                id: Some(domain.id),
                ..Self::default()
            };
        }
        self.cpu_usage = None;
    }

    /// What waits for the monitor was read, perhaps not all of it.
    pub(crate) fn heard(&mut self, mut stats: DomainStats, now: Instant) {
        self.measure_usage(&stats, now);
        let was_more = self.heavy.memory.resident.is_some();
        let missing = was_more && stats.memory.resident.is_none();
        if missing && self.is_recent(now) {
            // Somebody held its job: what could be had without is new, the rest as it was.
            stats.memory.resident = self.heavy.memory.resident;
            stats.memory.guest = self.heavy.memory.guest;
            stats.disks = std::mem::take(&mut self.heavy.disks);
            if stats.vcpu.is_empty() {
                stats.vcpu = std::mem::take(&mut self.heavy.vcpu);
            }
        }
        if !missing {
            self.complete = Some((now, unix_now()));
        }
        self.heavy = stats;
    }

    /// The share of its CPUs that it used since it was last asked.
    fn measure_usage(&mut self, stats: &DomainStats, now: Instant) {
        let Some(cpu_ns) = stats.cpu_ns else {
            return;
        };
        if let (Some((then, before)), Some(vcpus @ 1..)) = (self.cpu, stats.vcpus) {
            let passed = now.saturating_duration_since(then);
            if passed < SHORTEST_SHARE {
                return;
            }
            // Less than before is another process: no share of it is known yet.
            self.cpu_usage = cpu_ns.checked_sub(before).map(|used| {
                let could = passed.as_nanos() as f64 * vcpus as f64;
                (used as f64 / could).min(1.0)
            });
        }
        self.cpu = Some((now, cpu_ns));
    }

    fn is_recent(&self, now: Instant) -> bool {
        self.complete
            .is_some_and(|(then, _)| now.saturating_duration_since(then) <= KEPT_FOR)
    }

    /// Whether its definition is to be looked at again.
    pub(crate) fn needs_details(&self, now: Instant) -> bool {
        self.details
            .is_none_or(|then| now.saturating_duration_since(then) >= DETAILS_AGE)
    }

    /// Its definition was looked at.
    pub(crate) fn has_details(&mut self, now: Instant) {
        self.details = Some(now);
    }

    /// All that is known now: `light` needed no monitor and is new.
    pub(crate) fn guest(&mut self, light: &DomainStats, now: Instant) -> Guest {
        if self.state != light.state {
            self.state = light.state;
            // Whatever changed its state may have changed more.
            self.details = None;
        }
        let mut stats = self.heavy.clone();
        if !self.is_recent(now) {
            // What was promised to it does not age; what was counted does.
            stats = DomainStats {
                vcpus: stats.vcpus,
                ..DomainStats::default()
            };
            stats.memory.maximum = self.heavy.memory.maximum;
        }
        stats.domain.clone_from(&light.domain);
        stats.state = light.state;
        stats.state_reason = light.state_reason;
        stats.interfaces.clone_from(&light.interfaces);
        Guest {
            name: light.domain.display_name(),
            uuid: format_uuid(&light.domain.uuid),
            cpu_usage: self.cpu_usage,
            booted: self.booted,
            agent_connected: self.agent_connected,
            autostart: self.autostart,
            seen: self.complete.map(|(_, unix)| unix),
            stats,
        }
    }
}

/// Names that read the same after what is no text in them was replaced are told apart.
pub(crate) fn tell_apart(guests: &mut [Guest]) {
    guests.sort_by(|a, b| (&a.name, &a.uuid).cmp(&(&b.name, &b.uuid)));
    for at in 1..guests.len() {
        let (before, after) = guests.split_at_mut(at);
        let (previous, guest) = (&before[at - 1], &mut after[0]);
        let name = previous.stats.domain.display_name();
        if name == guest.name {
            guest.name = format!("{}~{}", guest.name, &guest.uuid[..8]);
        }
    }
}

fn unix_now() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libvirt::domain::{Disk, GuestMemory};

    fn heavy(id: i32, cpu_seconds: u64) -> DomainStats {
        let mut stats = DomainStats {
            domain: Domain {
                name: b"web".to_vec(),
                uuid: [7; 16],
                id,
            },
            cpu_ns: Some(cpu_seconds * 1_000_000_000),
            vcpus: Some(2),
            ..DomainStats::default()
        };
        stats.memory.maximum = Some(1 << 30);
        stats.memory.resident = Some(1 << 20);
        stats.memory.guest = Some(GuestMemory::default());
        stats.disks.insert(0, Disk::default());
        stats
    }

    /// What is there without the monitor.
    fn partial(id: i32, cpu_seconds: u64) -> DomainStats {
        let mut stats = heavy(id, cpu_seconds);
        stats.memory.resident = None;
        stats.memory.guest = None;
        stats.disks.clear();
        stats
    }

    #[test]
    fn what_a_blocked_monitor_holds_back_is_kept_for_a_while_and_then_gone() {
        let mut known = Known::default();
        let start = Instant::now();
        let light = heavy(3, 0);
        known.begin(&light.domain);
        known.heard(heavy(3, 100), start);
        let soon = start + Duration::from_secs(20);
        known.begin(&light.domain);
        known.heard(partial(3, 120), soon);
        let guest = known.guest(&light, soon);
        assert_eq!(guest.stats.cpu_ns, Some(120_000_000_000), "new");
        assert!(guest.stats.memory.resident.is_some(), "kept");
        assert_eq!(guest.stats.disks.len(), 1, "kept");
        assert_eq!(guest.cpu_usage, Some(0.5));

        let late = start + KEPT_FOR + Duration::from_secs(1);
        known.begin(&light.domain);
        let guest = known.guest(&light, late);
        assert_eq!(guest.stats.cpu_ns, None);
        assert!(guest.stats.disks.is_empty() && guest.stats.memory.resident.is_none());
        assert_eq!(guest.stats.vcpus, Some(2), "promised, not counted");
    }

    #[test]
    fn a_domain_that_started_anew_has_nothing_of_its_past() {
        let mut known = Known::default();
        let now = Instant::now();
        known.begin(&heavy(3, 0).domain);
        known.heard(heavy(3, 100), now);
        known.booted = Some(1.0);
        let again = heavy(4, 0);
        known.begin(&again.domain);
        let guest = known.guest(&again, now);
        assert_eq!(guest.stats.cpu_ns, None);
        assert_eq!((guest.booted, guest.seen), (None, None));
    }

    #[test]
    fn a_counter_that_fell_gives_no_share() {
        let mut known = Known::default();
        let now = Instant::now();
        known.heard(heavy(3, 100), now);
        known.heard(heavy(3, 50), now + Duration::from_secs(10));
        assert_eq!(known.cpu_usage, None);
        known.heard(heavy(3, 500), now + Duration::from_secs(20));
        assert_eq!(known.cpu_usage, Some(1.0), "never above all there is");
    }

    #[test]
    fn names_that_read_the_same_are_told_apart() {
        let named = |name: &[u8], uuid: u8| {
            let mut stats = heavy(1, 0);
            stats.domain.name = name.to_vec();
            stats.domain.uuid = [uuid; 16];
            Known::default().guest(&stats, Instant::now())
        };
        let mut guests = [
            named(b"a\xff", 1),
            named(b"b", 2),
            named(b"a\xfe", 3),
            named(b"a\xfd", 4),
        ];
        tell_apart(&mut guests);
        let names: Vec<_> = guests.iter().map(|guest| guest.name.as_str()).collect();
        assert_eq!(
            names,
            ["a\u{fffd}", "a\u{fffd}~03030303", "a\u{fffd}~04040404", "b"]
        );
    }
}
