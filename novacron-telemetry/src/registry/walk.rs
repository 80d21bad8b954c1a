//! One reading of all families, in steps.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::visit::{Pin, Source, Visitor};
use super::{Registry, line_names};
use crate::sync::Mutex;

/// A reading under way. It holds no lock between two steps, and may be dropped at any time.
pub struct Walk {
    registry: Registry,
    sources: Arc<[Arc<dyn Source>]>,
    family: usize,
    /// Where in the family the last step paused; `None` at its beginning.
    paused: Option<(usize, Pin)>,
}

impl Registry {
    /// Begins a reading: refreshes what is read elsewhere, then stands before the first family.
    #[must_use]
    pub fn walk(&self) -> Walk {
        self.0.windows.turn_if_due(&self.0.cells);
        self.refresh();
        Walk {
            registry: self.clone(),
            sources: self.sources(),
            family: 0,
            paused: None,
        }
    }

    /// Runs what was to be run before a scrape. It is the host's code, so no lock is held, neither
    /// while it runs nor while what it holds is dropped.
    fn refresh(&self) {
        let refreshers = self.0.refreshers.read().clone();
        let over: Vec<_> = refreshers
            .into_iter()
            .filter(|refresh| self.guarded(|| refresh()) == Some(false))
            .collect();
        if !over.is_empty() {
            self.0.refreshers.update(|refreshers| {
                refreshers.retain(|kept| !over.iter().any(|gone| Arc::ptr_eq(kept, gone)));
            });
        }
    }

    /// Takes a visitor through every family, whatever it answers.
    pub fn visit(&self, visitor: &mut dyn Visitor) {
        let mut walk = self.walk();
        while walk.step(visitor) {}
    }

    /// Panics of sources, providers and refreshers that were caught so far.
    #[must_use]
    pub fn caught_panics(&self) -> u64 {
        self.0.panics.load(std::sync::atomic::Ordering::Relaxed)
    }
}

impl Walk {
    /// Shows only families with these names: their own, or one that their lines begin with, such as
    /// `…_bucket`. Call it before the first step.
    #[must_use]
    pub fn only(self, names: &BTreeSet<String>) -> Self {
        self.filtered(|source| {
            line_names(&source.head())
                .iter()
                .any(|name| names.contains(name))
        })
    }

    /// Shows only families that these collectors write. Call it before the first step.
    #[must_use]
    pub fn of_collectors(self, collectors: &BTreeSet<String>) -> Self {
        self.filtered(|source| {
            source
                .collector()
                .is_some_and(|name| collectors.contains(name))
        })
    }

    /// Shows no family that these collectors write. Call it before the first step.
    #[must_use]
    pub fn without_collectors(self, collectors: &BTreeSet<String>) -> Self {
        self.filtered(|source| {
            !source
                .collector()
                .is_some_and(|name| collectors.contains(name))
        })
    }

    fn filtered(mut self, shown: impl Fn(&dyn Source) -> bool) -> Self {
        self.sources = self
            .sources
            .iter()
            // A source that panics says nothing of itself.
            .filter(|source| catch_unwind(AssertUnwindSafe(|| shown(&***source))).unwrap_or(false))
            .cloned()
            .collect();
        self
    }

    /// Goes on until the visitor pauses; `false` when everything was shown.
    ///
    /// A source that panics loses its remaining series in this reading; the others are shown, and
    /// the panic is counted.
    pub fn step(&mut self, visitor: &mut dyn Visitor) -> bool {
        while let Some(source) = self.sources.get(self.family) {
            let (from, pin, resumed) = match self.paused.take() {
                Some((from, pin)) => (from, pin, true),
                None => (0, None, false),
            };
            let next = catch_unwind(AssertUnwindSafe(|| {
                visitor.family(&source.head(), resumed);
                let pin = if resumed { pin } else { source.pin() };
                let next = source.visit(&pin, from, visitor);
                next.map(|next| (next, pin))
            }));
            match next {
                Ok(Some(paused)) => {
                    self.paused = Some(paused);
                    return true;
                }
                Ok(None) => {}
                Err(_) => {
                    self.registry
                        .0
                        .panics
                        .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            }
            self.family += 1;
            if visitor.is_full() {
                return true;
            }
        }
        false
    }
}

impl std::fmt::Debug for Walk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk")
            .field("family", &self.family)
            .field("of", &self.sources.len())
            .finish_non_exhaustive()
    }
}

/// Turns the windows of the windowed gauges every 60 seconds, as long as somebody reads or ticks.
#[derive(Debug)]
pub(super) struct Windows(Mutex<Instant>);

const WINDOW: Duration = Duration::from_secs(60);

impl Windows {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    pub(super) fn turn_if_due(&self, cells: &crate::cell::Cells) {
        let mut began = self.0.lock();
        let age = began.elapsed();
        if age >= WINDOW {
            cells.rotate();
            if age >= 2 * WINDOW {
                // Nobody looked for a whole window: what the last one holds is too old as well.
                cells.rotate();
            }
            *began = Instant::now();
        }
    }
}
