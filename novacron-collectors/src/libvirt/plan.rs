//! Whom to ask what waits for a monitor, and with whom together.
//!
//! One guest that hangs makes a bulk call hang for all guests in it. So nobody is asked whose monitor
//! is known to be occupied, the others are asked in small groups, and a group that did not answer is
//! split until the one is found that keeps it; that one is left alone for longer and longer. Nothing
//! is asked again at once: the daemon still works on the call that was given up.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::protocol::{ControlInfo, ControlState, Domain};
use crate::circuit::Circuits;

/// What names a domain through restarts.
pub(crate) type Uuid = [u8; 16];

/// The most domains in one call that may hang.
pub(crate) const GROUP: usize = 16;
/// How long a monitor may be occupied and still be asked: most commands are short.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Plan {
    /// Domains that kept a call waiting.
    blocked: Circuits<Uuid>,
    /// Those of them whose monitor was seen occupied: once it is free, they are well again.
    occupied: HashSet<Uuid>,
    /// How many domains may be asked together with this one, if fewer than usual.
    together: HashMap<Uuid, usize>,
}

/// What to do with a domain now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Ask,
    /// Not what waits for its monitor, and why.
    Leave(String),
    /// The same, and somebody holds its job: a call that does not wait returns at once.
    Peek(String),
}

impl Plan {
    /// A domain that kept a call waiting is left alone for this long first.
    pub(crate) fn new(pause: Duration) -> Self {
        Self {
            blocked: Circuits::new(pause),
            occupied: HashSet::new(),
            together: HashMap::new(),
        }
    }

    /// Whether this domain is to be asked, by what the daemon says about its monitor.
    pub(crate) fn turn(&mut self, uuid: &Uuid, info: ControlInfo, now: Instant) -> Turn {
        let held = Duration::from_millis(info.for_ms);
        match info.state {
            ControlState::Occupied if held > PATIENCE || !self.blocked.allows(uuid, now) => {
                self.occupied.insert(*uuid);
                let seconds = held.as_secs_f64();
                return Turn::Peek(format!("its monitor has been occupied for {seconds:.1} s"));
            }
            ControlState::Error => {
                return Turn::Leave("its monitor is broken".to_owned());
            }
            // The call that was given up has come to its end: there was an answer after all.
            ControlState::Free | ControlState::Job if self.occupied.remove(uuid) => {
                self.worked(uuid);
            }
            ControlState::Free | ControlState::Job | ControlState::Occupied => {}
        }
        match self.blocked.allows(uuid, now) {
            true => Turn::Ask,
            false => Turn::Leave("left alone since it kept a call waiting".to_owned()),
        }
    }

    /// The domains in groups, each of as many as its most suspect member allows.
    pub(crate) fn groups<'a>(&self, domains: &[&'a Domain]) -> Vec<Vec<&'a Domain>> {
        let mut groups: Vec<(usize, Vec<&Domain>)> = Vec::new();
        for domain in domains {
            let most = self.together.get(&domain.uuid).copied().unwrap_or(GROUP);
            match groups.last_mut() {
                // Only with its like: who is above suspicion is not kept with a suspect.
                Some((size, group)) if *size == most && group.len() < most => group.push(domain),
                _ => groups.push((most, vec![domain])),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// It answered.
    pub(crate) fn worked(&mut self, uuid: &Uuid) {
        self.blocked.worked(uuid);
        self.together.remove(uuid);
    }

    /// It alone kept a call waiting.
    pub(crate) fn kept_waiting(&mut self, uuid: &Uuid, now: Instant) {
        self.blocked.failed(*uuid, now);
    }

    /// One of these kept a call waiting, and it is not known which.
    pub(crate) fn suspect(&mut self, group: &[&Domain], now: Instant) {
        match group {
            [one] => self.kept_waiting(&one.uuid, now),
            several => {
                let half = several.len().div_ceil(2);
                for domain in several {
                    self.together.insert(domain.uuid, half);
                }
            }
        }
    }

    /// Forgets domains that are no more.
    pub(crate) fn retain(&mut self, exists: impl Fn(&Uuid) -> bool) {
        self.blocked.retain(|uuid| exists(uuid));
        self.occupied.retain(|uuid| exists(uuid));
        self.together.retain(|uuid, _| exists(uuid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_secs(10);
    const PAUSE: Duration = Duration::from_secs(20);

    fn domains(count: u8) -> Vec<Domain> {
        (0..count)
            .map(|number| Domain {
                name: vec![number],
                uuid: [number; 16],
                id: number.into(),
            })
            .collect()
    }

    fn info(state: ControlState, seconds: u64) -> ControlInfo {
        ControlInfo {
            state,
            for_ms: seconds * 1000,
        }
    }

    #[test]
    fn the_one_that_hangs_is_found_by_halving_and_then_left_alone() {
        let domains = domains(16);
        let mut plan = Plan::new(PAUSE);
        let mut now = Instant::now();
        let hangs = &domains[5];
        let mut abandoned = 0;
        while plan.blocked.allows(&hangs.uuid, now) {
            let all: Vec<_> = domains.iter().collect();
            for group in plan.groups(&all) {
                if group.contains(&hangs) {
                    plan.suspect(&group, now);
                    abandoned += 1;
                } else {
                    group.iter().for_each(|domain| plan.worked(&domain.uuid));
                }
            }
            now += TICK;
        }
        assert_eq!(abandoned, 5, "16, 8, 4, 2, 1");
        let free = info(ControlState::Free, 0);
        let turn = plan.turn(&hangs.uuid, free, now);
        assert!(matches!(turn, Turn::Leave(_)), "{turn:?}");
        assert_eq!(plan.turn(&domains[6].uuid, free, now), Turn::Ask);
    }

    #[test]
    fn a_monitor_that_is_free_again_ends_the_pause() {
        let mut plan = Plan::new(PAUSE);
        let (uuid, now) = ([1; 16], Instant::now());
        plan.kept_waiting(&uuid, now);
        let occupied = info(ControlState::Occupied, 12);
        assert!(
            matches!(plan.turn(&uuid, occupied, now), Turn::Peek(why) if why.contains("12.0 s"))
        );
        assert_eq!(
            plan.turn(&uuid, info(ControlState::Free, 0), now),
            Turn::Ask
        );
    }

    #[test]
    fn a_short_command_and_a_running_job_do_not_keep_a_domain_out() {
        let mut plan = Plan::new(PAUSE);
        let now = Instant::now();
        for (state, seconds) in [
            (ControlState::Occupied, 1),
            (ControlState::Job, 600),
            (ControlState::Free, 0),
        ] {
            assert_eq!(plan.turn(&[2; 16], info(state, seconds), now), Turn::Ask);
        }
        let broken = info(ControlState::Error, 0);
        assert!(matches!(plan.turn(&[2; 16], broken, now), Turn::Leave(_)));
    }

    #[test]
    fn suspects_are_asked_with_suspects_only() {
        let domains = domains(40);
        let mut plan = Plan::new(PAUSE);
        let suspects: Vec<_> = domains[4..8].iter().collect();
        plan.suspect(&suspects, Instant::now());
        let all: Vec<_> = domains.iter().collect();
        let sizes: Vec<_> = plan.groups(&all).iter().map(Vec::len).collect();
        assert_eq!(sizes, [4, 2, 2, 16, 16]);
        plan.retain(|uuid| uuid[0] < 4);
        assert!(plan.together.is_empty());
    }
}
