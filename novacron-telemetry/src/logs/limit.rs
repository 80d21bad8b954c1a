//! Repeated lines: each place in the program has a bucket of tokens, and what comes when it is empty
//! is counted instead of written.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};

use super::count::{LEVELS, rank};
use super::line::ACCESS;
use crate::sync::{AtomicU64, AtomicUsize, OnceLock, Ordering};

/// Places that are told apart. What comes from further ones is not limited.
const SITES: usize = 1024;
/// How far a place's slot is searched.
const PROBES: usize = 16;

/// The buckets. One number each: the time at which the bucket will be full again.
#[derive(Debug)]
pub(super) struct Limiter {
    /// How long one token takes to come back; 0 for no limit.
    interval: u64,
    /// How long an empty bucket takes to fill.
    window: u64,
    sites: Box<[Site]>,
    suppressed: [AtomicU64; LEVELS],
}

#[derive(Debug, Default)]
struct Site {
    key: AtomicUsize,
    full_at: AtomicU64,
    suppressed: AtomicU64,
    metadata: OnceLock<&'static Metadata<'static>>,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Write,
    Suppress,
    /// The first that is left out for a while: somebody has to say so later.
    SuppressFirst,
}

impl Limiter {
    /// So many lines a second for each place, and so many at once.
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let interval = 1_000_000_000u64
            .checked_div(u64::from(per_second))
            .unwrap_or(0);
        let sites = if interval == 0 { 0 } else { SITES };
        Self {
            interval,
            window: interval.saturating_mul(u64::from(burst.max(1))),
            sites: (0..sites).map(|_| Site::default()).collect(),
            suppressed: Default::default(),
        }
    }

    pub(super) fn judge(&self, event: &Event<'_>, now: SystemTime) -> Verdict {
        let metadata = event.metadata();
        // Access lines are one for each request by promise.
        if self.interval == 0 || metadata.target() == ACCESS {
            return Verdict::Write;
        }
        let Some(site) = self.site(key(event), metadata) else {
            return Verdict::Write;
        };
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX / 2);
        if self.draw(site, now) {
            return Verdict::Write;
        }
        self.suppressed[rank(*metadata.level())].fetch_add(1, Ordering::Relaxed);
        match site.suppressed.fetch_add(1, Ordering::Relaxed) {
            0 => Verdict::SuppressFirst,
            _ => Verdict::Suppress,
        }
    }

    /// Takes a token, if there is one.
    fn draw(&self, site: &Site, now: u64) -> bool {
        let mut full_at = site.full_at.load(Ordering::Relaxed);
        loop {
            // The wall clock was set back if the bucket would take longer than it can: then it is
            // full, or it would be silent until the old time comes again.
            let from = if full_at > now.saturating_add(self.window) {
                now
            } else {
                full_at.max(now)
            };
            let next = from.saturating_add(self.interval);
            if next - now > self.window {
                return false;
            }
            match site.full_at.compare_exchange_weak(
                full_at,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(other) => full_at = other,
            }
        }
    }

    fn site(&self, key: usize, metadata: &'static Metadata<'static>) -> Option<&Site> {
        let first = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        for probe in 0..PROBES {
            let site = &self.sites[(first + probe) % SITES];
            let mut held = site.key.load(Ordering::Acquire);
            if held == 0 {
                let claimed =
                    site.key
                        .compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire);
                held = match claimed {
                    Ok(_) => {
                        site.metadata.get_or_init(|| metadata);
                        key
                    }
                    Err(other) => other,
                };
            }
            if held == key {
                return Some(site);
            }
        }
        None
    }

    /// Tells of each place how many of its lines were left out since the last time.
    pub(super) fn tell(&self, mut say: impl FnMut(&'static Metadata<'static>, u64)) {
        for site in &self.sites {
            if site.suppressed.load(Ordering::Relaxed) > 0
                && let Some(metadata) = site.metadata.get()
            {
                say(metadata, site.suppressed.swap(0, Ordering::Relaxed));
            }
        }
    }

    /// Whether something waits to be told.
    pub(super) fn has_news(&self) -> bool {
        let mut sites = self.sites.iter();
        sites.any(|site| site.suppressed.load(Ordering::Relaxed) > 0)
    }

    /// How many were left out, by level.
    pub(super) fn suppressed(&self) -> [u64; LEVELS] {
        std::array::from_fn(|level| self.suppressed[level].load(Ordering::Relaxed))
    }
}

/// What tells one place in the program from the others.
fn key(event: &Event<'_>) -> usize {
    let metadata = event.metadata();
    let address = std::ptr::from_ref(metadata).addr();
    if metadata.target() != "log" {
        return address;
    }
    // All that comes through the `log` crate comes from one place for each level; what it says of
    // its real place are fields.
    let mut place = Place(DefaultHasher::new());
    event.record(&mut place);
    (address ^ place.0.finish() as usize) | 1
}

struct Place(DefaultHasher);

impl Visit for Place {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "log.file" {
            value.hash(&mut self.0);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "log.line" {
            value.hash(&mut self.0);
        }
    }
}
