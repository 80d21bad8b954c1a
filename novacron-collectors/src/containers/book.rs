//! What is remembered of containers between two ticks, and whom to look at again.
//!
//! To look at a container costs its runtime some ten milliseconds, so each is looked at when it is
//! new, when its state or health changed, when its first process is gone, and otherwise once a
//! minute. The oldest are first in line, and a tick ends the line when its time is up.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::names::Id;
use super::runtime::{Details, Listed};

/// How old the details of a container may become.
const REFRESH: Duration = Duration::from_secs(60);

/// The containers of one runtime.
#[derive(Debug, Default)]
pub(super) struct Book {
    listed: Vec<Listed>,
    pages: HashMap<Id, Page>,
}

#[derive(Debug)]
struct Page {
    /// What the list said when it was looked at.
    seen: Listed,
    details: Details,
    at: Instant,
    /// Whether its first process was there then: a runtime in a namespace of its own numbers
    /// processes in another way.
    lived: bool,
    measured: Option<Instant>,
}

impl Book {
    /// The last list.
    pub(super) fn listed(&self) -> &[Listed] {
        &self.listed
    }

    pub(super) fn details(&self, id: &Id) -> Option<&Details> {
        self.pages.get(id).map(|page| &page.details)
    }

    /// A new list. Whoever is not in it is forgotten.
    pub(super) fn list(&mut self, listed: Vec<Listed>) {
        let ids: HashSet<&Id> = listed.iter().map(|listed| &listed.id).collect();
        self.pages.retain(|id, _| ids.contains(id));
        self.listed = listed;
    }

    /// Whom to look at, most urgent first.
    pub(super) fn line(&self, now: Instant, alive: impl Fn(u32) -> bool) -> Vec<Id> {
        let mut line: Vec<(bool, Option<Instant>, &Id)> = Vec::new();
        for listed in &self.listed {
            let page = self.pages.get(&listed.id);
            let urgent = page.is_none_or(|page| {
                let dead = |pid| page.lived && !alive(pid);
                page.seen != *listed || page.details.pid.is_some_and(dead)
            });
            let old = page.is_some_and(|page| now.duration_since(page.at) >= REFRESH);
            if urgent || old {
                line.push((!urgent, page.map(|page| page.at), &listed.id));
            }
        }
        line.sort();
        line.into_iter().map(|(_, _, id)| id.clone()).collect()
    }

    /// Who was measured longest ago, if that is longer than `every`.
    pub(super) fn to_measure(&self, now: Instant, every: Duration) -> Option<Id> {
        let due = |page: &&Page| {
            page.measured
                .is_none_or(|measured| now.duration_since(measured) >= every)
        };
        let page = self.pages.values().filter(due).min_by(|a, b| {
            let key = |page: &&Page| page.measured;
            key(a).cmp(&key(b)).then_with(|| a.seen.id.cmp(&b.seen.id))
        })?;
        Some(page.seen.id.clone())
    }

    /// What a container is; `None` if it was gone. `measured` says that its size was asked for.
    pub(super) fn write(
        &mut self,
        id: &Id,
        details: Option<Details>,
        now: Instant,
        measured: bool,
        alive: impl Fn(u32) -> bool,
    ) {
        let listed = self.listed.iter().find(|listed| listed.id == *id);
        let (Some(seen), Some(mut details)) = (listed.cloned(), details) else {
            self.pages.remove(id);
            self.listed.retain(|listed| listed.id != *id);
            return;
        };
        let last = self.pages.remove(id);
        if !measured {
            details.writable_bytes = last.as_ref().and_then(|page| page.details.writable_bytes);
        }
        let page = Page {
            seen,
            lived: details.pid.is_some_and(alive),
            details,
            at: now,
            measured: match measured {
                true => Some(now),
                false => last.and_then(|page| page.measured),
            },
        };
        self.pages.insert(id.clone(), page);
    }

    /// A container could not be measured. It is not tried again before it is due again.
    pub(super) fn not_measured(&mut self, id: &Id, now: Instant) {
        if let Some(page) = self.pages.get_mut(id) {
            page.measured = Some(now);
        }
    }

    /// Everything is forgotten.
    pub(super) fn close(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use novacron_telemetry::catalog::container::ContainerState;

    use super::*;

    fn listed(id: &str, state: ContainerState) -> Listed {
        Listed {
            id: Id::new(id),
            name: None,
            image: String::new(),
            state,
            health: None,
        }
    }

    #[test]
    fn who_is_new_changed_or_dead_comes_before_who_is_old() {
        let start = Instant::now();
        let running = ["a", "b", "c", "d"].map(|id| listed(id, ContainerState::Running));
        let mut book = Book::default();
        book.list(running.to_vec());
        assert_eq!(book.line(start, |_| true).len(), 4);
        for (at, id) in ["d", "c", "b"].into_iter().enumerate() {
            let details = Details {
                pid: Some(at as u32),
                ..Details::default()
            };
            let at = start + Duration::from_secs(at as u64);
            book.write(&Id::new(id), Some(details), at, false, |_| true);
        }
        assert_eq!(book.line(start, |_| true), [Id::new("a")]);
        assert_eq!(
            book.line(start, |pid| pid != 1),
            [Id::new("a"), Id::new("c")]
        );

        let mut changed = running.to_vec();
        changed[1].state = ContainerState::Paused;
        book.list(changed);
        let late = start + REFRESH + Duration::from_secs(1);
        let line = ["a", "b", "d", "c"].map(Id::new);
        assert_eq!(book.line(late, |_| true), line);
    }

    #[test]
    fn a_size_stays_until_it_is_measured_again() {
        let now = Instant::now();
        let mut book = Book::default();
        book.list(vec![listed("a", ContainerState::Running)]);
        let id = Id::new("a");
        book.write(&id, Some(Details::default()), now, false, |_| true);
        let hour = Duration::from_secs(3600);
        assert_eq!(book.to_measure(now, hour), Some(id.clone()));
        let measured = Details {
            writable_bytes: Some(7),
            ..Details::default()
        };
        book.write(&id, Some(measured), now, true, |_| true);
        assert_eq!(book.to_measure(now, hour), None);
        book.write(&id, Some(Details::default()), now, false, |_| true);
        assert_eq!(book.details(&id).unwrap().writable_bytes, Some(7));
        assert_eq!(book.to_measure(now + hour, hour), Some(id.clone()));
        book.write(&id, None, now, false, |_| true);
        assert_eq!((book.listed().len(), book.details(&id)), (0, None));
    }
}
