//! Which events are lines: a level, and levels of single targets; changed while the program runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::dispatcher::{self, WeakDispatch};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber, callsite};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Filter};

use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Mutex, RwLock};

/// Directives that were read: their text, and what they say.
#[derive(Clone, Debug)]
pub(super) struct Directives {
    text: Arc<str>,
    targets: Targets,
}

impl Directives {
    /// Reads `LEVEL` and `TARGET=LEVEL`, separated by commas. Without a level of its own everything
    /// else is `info`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut targets = Targets::new().with_default(LevelFilter::INFO);
        for directive in text.split(',').map(str::trim) {
            if directive.is_empty() {
                continue;
            }
            let (target, name) = match directive.split_once('=') {
                None => (None, directive),
                Some((target, name)) => (Some(target.trim()), name.trim()),
            };
            // A word alone is a level: a target alone would mean "everything from there", and so
            // would every level that is misspelt.
            let level = level(name).filter(|_| target.is_none_or(is_target));
            let Some(level) = level else {
                return Err(Error::new(
                    ErrorKind::InvalidConfig,
                    format!(
                        "`{}` is no log directive: it takes LEVEL or TARGET=LEVEL, and a level is \
                         error, warn, info, debug, trace or off",
                        directive.escape_debug()
                    ),
                ));
            };
            targets = match target {
                None => targets.with_default(level),
                Some(target) => targets.with_target(target, level),
            };
        }
        let text = text.trim();
        Ok(Self {
            text: if text.is_empty() { "info" } else { text }.into(),
            targets,
        })
    }
}

fn level(name: &str) -> Option<LevelFilter> {
    Some(match name.to_ascii_lowercase().as_str() {
        "error" => LevelFilter::ERROR,
        "warn" | "warning" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        "off" => LevelFilter::OFF,
        _ => return None,
    })
}

fn is_target(target: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_:-./".contains(&byte);
    !target.is_empty() && target.bytes().all(known)
}

/// The directives that hold now, and those to go back to.
#[derive(Debug)]
pub(super) struct Current {
    now: RwLock<Directives>,
    back: Mutex<Option<Back>>,
    /// The subscriber that asks, as the layer was told.
    asked_by: Mutex<Option<WeakDispatch>>,
}

#[derive(Debug)]
struct Back {
    at: Instant,
    to: Directives,
}

/// What a change did: for the audit.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) before: Arc<str>,
    pub(super) after: Arc<str>,
}

impl Current {
    pub(super) fn new(directives: Directives) -> Self {
        Self {
            now: RwLock::new(directives),
            back: Mutex::new(None),
            asked_by: Mutex::new(None),
        }
    }

    pub(super) fn text(&self) -> Arc<str> {
        Arc::clone(&self.now.read().text)
    }

    /// Changes the directives, for good or for a while. What holds for a while is followed by what
    /// held for good before, also if it is itself replaced by something for a while.
    pub(super) fn change(&self, to: Directives, lifetime: Option<Duration>) -> Change {
        let mut back = self.back.lock();
        let now = self.now.read().clone();
        let change = Change {
            before: Arc::clone(&now.text),
            after: Arc::clone(&to.text),
        };
        // A lifetime longer than time itself is for good.
        let at = lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime));
        *back = at.map(|at| Back {
            at,
            to: back.take().map_or(now, |back| back.to),
        });
        self.now.replace(to);
        drop(back);
        change
    }

    pub(super) fn asked_by(&self, subscriber: WeakDispatch) {
        *self.asked_by.lock() = Some(subscriber);
    }

    /// Has the places in the program ask again: they remember whether they are wanted.
    ///
    /// If there is only one subscriber, `tracing` asks the calling thread's. Where a subscriber is
    /// only some threads' own, that may not be ours.
    pub(super) fn ask_again(&self) {
        let subscriber = self
            .asked_by
            .lock()
            .as_ref()
            .and_then(WeakDispatch::upgrade);
        match subscriber {
            Some(subscriber) => {
                dispatcher::with_default(&subscriber, callsite::rebuild_interest_cache);
            }
            None => callsite::rebuild_interest_cache(),
        }
    }

    /// When the directives go back.
    pub(super) fn due(&self) -> Option<Instant> {
        self.back.lock().as_ref().map(|back| back.at)
    }

    /// Goes back, if it is time to.
    pub(super) fn revert(&self, now: Instant) -> Option<Change> {
        let mut back = self.back.lock();
        let Back { to, .. } = back.take_if(|back| back.at <= now)?;
        let change = Change {
            before: self.text(),
            after: Arc::clone(&to.text),
        };
        self.now.replace(to);
        Some(change)
    }
}

/// The filter of one layer. It is the layer's alone: what it leaves out, other layers of the host
/// still see.
#[derive(Clone, Debug)]
pub(super) struct LogFilter(pub(super) Arc<Current>);

impl<S: Subscriber> Filter<S> for LogFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.0.enables(metadata)
    }

    // Asked once for each place in the program and each change, so that a place that is off costs
    // a comparison, and one that is on no look-up.
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.0.enables(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let now = self.0.now.read();
        now.targets
            .iter()
            .map(|(_, level)| level)
            .chain(now.targets.default_level())
            .max()
    }
}

impl Current {
    fn enables(&self, metadata: &Metadata<'_>) -> bool {
        self.now
            .read()
            .targets
            .would_enable(metadata.target(), metadata.level())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_directive_is_named() {
        for bad in [
            "inof",
            "info,hyper=loud",
            "hyper",
            "=info",
            "a b=info",
            "info;debug",
        ] {
            let error = Directives::parse(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            let word = bad.split(',').next_back().unwrap();
            assert!(error.to_string().contains(word), "{error}");
        }
        for good in [
            "",
            "INFO",
            "warn,",
            " info , hyper = debug ",
            "off,novacron=trace",
        ] {
            assert!(Directives::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_holds_for_a_while_is_followed_by_what_held_for_good() {
        let parse = |text| Directives::parse(text).unwrap();
        let current = Current::new(parse("info"));
        current.change(parse("debug"), Some(Duration::from_secs(60)));
        current.change(parse("trace"), Some(Duration::ZERO));
        let change = current.revert(Instant::now()).unwrap();
        assert_eq!((&*change.before, &*change.after), ("trace", "info"));
        assert!(current.due().is_none() && current.revert(Instant::now()).is_none());
        current.change(parse("debug"), Some(Duration::ZERO));
        current.change(parse("warn"), None);
        assert!(
            current.revert(Instant::now()).is_none(),
            "for good is for good"
        );
        current.change(parse("debug"), Some(Duration::MAX));
        assert_eq!(&*current.text(), "debug");
    }
}
