//! The thread that writes: it alone waits for disks, pipes and terminals.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tracing::Level;

use super::Shared;
use super::count::{LEVELS, rank};
use super::fields::Fields;
use super::filter::Change;
use super::line::Head;
use super::queue::Chunk;
use super::sink::Sink;
use super::stamp::Stamps;

/// How long lines gather before they are written together.
const LINGER: Duration = Duration::from_millis(1);
/// How long it waits after an output refused, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// How often it tells what was left out.
const TELL: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Writer {
    shared: Arc<Shared>,
    sink: Sink,
    /// What was taken and not written yet.
    hand: VecDeque<Chunk>,
    /// How much of the first chunk was written.
    offset: usize,
    /// How many of its lines.
    whole: usize,
    retry: Option<Instant>,
    back_off: Duration,
    /// Since when the output fails.
    failing: Option<Instant>,
    told_at: Instant,
    /// Lines that were lost, and how many of them were told of.
    dropped: u64,
    told: u64,
    stamps: Stamps,
}

/// What came of an attempt to write.
enum Attempt {
    /// Nothing is left in the hand.
    Done,
    /// The output takes nothing for now.
    Later,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, sink: Sink) -> Self {
        let now = Instant::now();
        Self {
            shared,
            sink,
            hand: VecDeque::new(),
            offset: 0,
            whole: 0,
            retry: None,
            back_off: BACK_OFF.0,
            failing: None,
            told_at: now.checked_sub(TELL).unwrap_or(now),
            dropped: 0,
            told: 0,
            stamps: Stamps::default(),
        }
    }

    /// Runs until nobody can log any more.
    pub(super) fn run(mut self) {
        loop {
            let shared = Arc::clone(&self.shared);
            let taken = shared.queue.take(self.due(), !self.hand.is_empty());
            self.hand.extend(taken.chunks);
            self.dropped = taken.dropped;
            let orders = taken.orders;
            let flush = orders.close || taken.flush;
            self.housekeeping(flush);
            if orders.reopen {
                self.reopen();
            }
            let now = Instant::now();
            let try_now = flush || orders.reopen || self.retry.is_none_or(|retry| retry <= now);
            let attempt = if try_now {
                self.attempt()
            } else {
                Attempt::Later
            };
            match attempt {
                Attempt::Done if orders.close => break,
                Attempt::Done => {
                    self.shared.queue.answer(orders.flushes);
                    self.shared.queue.linger(LINGER);
                }
                Attempt::Later if orders.close => break,
                // Whoever waits for a flush keeps asking, and is answered when it is done.
                Attempt::Later if taken.flush => std::thread::sleep(BACK_OFF.0),
                Attempt::Later => {}
            }
        }
    }

    /// When there is something to do besides new lines.
    fn due(&self) -> Option<Instant> {
        let news = self.shared.limiter.has_news() || self.dropped > self.told;
        let quiet = self.retry.is_none() && self.failing.is_none();
        let tell = (news && quiet).then(|| self.told_at + TELL);
        [self.retry, tell, self.shared.filter.due()]
            .into_iter()
            .flatten()
            .min()
    }

    fn housekeeping(&mut self, flush: bool) {
        let now = Instant::now();
        if let Some(change) = self.shared.filter.revert(now) {
            self.shared.filter.ask_again();
            self.audit("log filter went back", &change, None);
        }
        let orders = std::mem::take(&mut *self.shared.changes.lock());
        for (change, lifetime) in orders {
            self.audit("log filter changed", &change, lifetime);
        }
        // While nothing is written, more to write would only pile up.
        let quiet = self.retry.is_none() && self.failing.is_none();
        if quiet && (flush || now.duration_since(self.told_at) >= TELL) {
            self.tell(now);
        }
    }

    /// Says what was left out since it last said so.
    fn tell(&mut self, now: Instant) {
        self.told_at = now;
        let shared = Arc::clone(&self.shared);
        shared.limiter.tell(|metadata, suppressed| {
            let mut fields = Fields::default();
            fields.say(&format!(
                "suppressed {suppressed} lines from {}:{}",
                metadata.file().unwrap_or("?"),
                metadata.line().unwrap_or_default()
            ));
            fields.count("suppressed", suppressed);
            self.notice(*metadata.level(), metadata.target(), &fields);
        });
        let new = self.untold();
        if new > 0 {
            let mut fields = Fields::default();
            fields.say("log lines were dropped, because the output did not take them in time");
            fields.count("dropped", new);
            self.notice(Level::WARN, NAME, &fields);
        }
    }

    /// How many lines were lost that nobody was told of; they are told of now.
    fn untold(&mut self) -> u64 {
        self.dropped = self.shared.totals().1.dropped();
        self.dropped - std::mem::replace(&mut self.told, self.dropped)
    }

    fn audit(&mut self, what: &str, change: &Change, lifetime: Option<Duration>) {
        let mut fields = Fields::default();
        fields.say(what);
        fields.note("filter_before", &change.before);
        fields.note("filter_after", &change.after);
        if let Some(lifetime) = lifetime {
            fields.count("ttl_seconds", lifetime.as_secs());
        }
        self.notice(Level::INFO, AUDIT, &fields);
    }

    /// Writes a line of the library's own, whatever the filter says.
    fn notice(&mut self, level: Level, target: &str, fields: &Fields) {
        let mut chunk = Chunk::default();
        let line = self.line(level, target, fields);
        chunk.push(line.as_bytes(), rank(level));
        self.shared.queue.adopt(&chunk.bytes);
        self.hand.push_back(chunk);
    }

    fn line(&mut self, level: Level, target: &str, fields: &Fields) -> String {
        let mut line = String::new();
        let shared = &self.shared;
        let head = Head {
            stamp: self.stamps.at(SystemTime::now()),
            level,
            service: &shared.service,
            component: shared.component.as_deref(),
            target,
            thread: Some(NAME),
            place: None,
            trace: None,
        };
        shared.begin(level, &mut line);
        head.write(shared.format, fields, &mut line);
        line.push('\n');
        line
    }

    fn reopen(&mut self) {
        match self.sink.reopen() {
            Ok(()) => self.torn(),
            Err(error) => self.fails(&error),
        }
    }

    /// A new file begins with a whole line.
    fn torn(&mut self) {
        if let Some(chunk) = self.hand.front() {
            self.offset = match self.whole {
                0 => 0,
                whole => chunk.lines[whole - 1].0,
            };
        }
    }

    /// Writes what is in the hand.
    fn attempt(&mut self) -> Attempt {
        if self.sink.follow() {
            self.torn();
        }
        while let Some(chunk) = self.hand.front() {
            match self.sink.write(&chunk.bytes[self.offset..]) {
                Ok(0) => {
                    self.fails(&io::ErrorKind::WriteZero.into());
                    return Attempt::Later;
                }
                Ok(written) => {
                    self.offset += written;
                    self.advance();
                    self.works();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Not broken, only slow: somebody does not read.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait();
                    return Attempt::Later;
                }
                Err(error) => {
                    self.fails(&error);
                    if !self.sink.is_gone(&error) {
                        self.wait();
                        return Attempt::Later;
                    }
                    self.give_up();
                }
            }
        }
        self.retry = None;
        Attempt::Done
    }

    /// Counts the lines that are whole by now.
    fn advance(&mut self) {
        let Some(chunk) = self.hand.front() else {
            return;
        };
        while chunk
            .lines
            .get(self.whole)
            .is_some_and(|(end, _)| *end <= self.offset)
        {
            self.whole += 1;
        }
        if self.whole == chunk.lines.len() {
            self.settle(0);
        }
    }

    /// The first chunk is done with, but for so many lines at its end.
    fn settle(&mut self, refused: usize) {
        if let Some(chunk) = self.hand.pop_front() {
            let mut written = [0; LEVELS];
            for (_, rank) in &chunk.lines[..chunk.lines.len() - refused] {
                written[usize::from(*rank)] += 1;
            }
            self.shared.queue.settle(chunk, &written, refused as u64);
        }
        (self.offset, self.whole) = (0, 0);
    }

    /// The output is gone, and with it what was meant for it.
    fn give_up(&mut self) {
        while let Some(chunk) = self.hand.front() {
            let refused = chunk.lines.len() - self.whole;
            self.settle(refused);
        }
    }

    fn wait(&mut self) {
        self.retry = Some(Instant::now() + self.back_off);
        self.back_off = (self.back_off * 2).min(BACK_OFF.1);
    }

    /// The output refused; the first time, that is said elsewhere.
    fn fails(&mut self, error: &io::Error) {
        self.shared.queue.failed();
        if self.failing.is_some() {
            return;
        }
        self.failing = Some(Instant::now());
        let mut fields = Fields::default();
        fields.say("log lines cannot be written");
        fields.note("output", &self.sink.name());
        fields.note("error", &error.to_string());
        let line = self.line(Level::ERROR, NAME, &fields);
        if let Some(mut elsewhere) = self.sink.elsewhere() {
            // If that fails, too, there is nobody left to tell.
            let _ = io::Write::write(&mut elsewhere, line.as_bytes());
        }
    }

    /// The output took something; if it had failed, that is said.
    fn works(&mut self) {
        (self.retry, self.back_off) = (None, BACK_OFF.0);
        let Some(since) = self.failing.take() else {
            return;
        };
        let lost = self.untold();
        let mut fields = Fields::default();
        fields.say("log lines can be written again");
        fields.note("output", &self.sink.name());
        fields.count(
            "failed_ms",
            u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
        );
        fields.count("lost", lost);
        self.notice(Level::WARN, NAME, &fields);
    }
}

impl Shared {
    /// Begins a line with its priority, if the journal reads it.
    pub(super) fn begin(&self, level: Level, line: &mut String) {
        if self.priorities {
            line.push_str(match level {
                Level::ERROR => "<3>",
                Level::WARN => "<4>",
                Level::INFO => "<6>",
                Level::DEBUG | Level::TRACE => "<7>",
            });
        }
    }
}

/// Also when the host's own output panicked: then nobody must wait for what will not be written.
impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.queue.end();
    }
}

/// The target of lines that the library writes about its log.
const NAME: &str = "novacron::logs";
/// The target of lines about what an operator changed.
const AUDIT: &str = "novacron::audit";
