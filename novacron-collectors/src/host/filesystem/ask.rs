//! Asking file systems how full they are, on threads that may get stuck.
//!
//! A file system whose server is gone does not answer, and the thread that asked it waits until the
//! server is back or the machine is rebooted: nothing can call it off. So each mount is asked on a
//! helper thread, a few at once. One that takes too long is *stuck*; its thread is left waiting, and
//! the mount is not asked again until that thread came back. There are never more than
//! [`MOST`] threads, so at most that many mounts can hold one.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// How full a file system is. Blocks are of `block_bytes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes of a block.
    pub block_bytes: u64,
    /// Blocks; 0 on file systems that hold nothing.
    pub blocks: u64,
    /// Blocks that are free.
    pub free: u64,
    /// Blocks that are free for everybody.
    pub available: u64,
    /// Inodes; 0 on file systems that make them as needed.
    pub inodes: u64,
    /// Inodes that are free.
    pub inodes_free: u64,
}

/// Asks the kernel.
pub(super) fn statvfs(path: &Path) -> io::Result<Space> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(Space {
        block_bytes: stat.f_frsize,
        blocks: stat.f_blocks,
        free: stat.f_bfree,
        available: stat.f_bavail,
        inodes: stat.f_files,
        inodes_free: stat.f_ffree,
    })
}

/// What is asked for each mount point.
pub(super) type Question = Arc<dyn Fn(&Path) -> io::Result<Space> + Send + Sync>;

/// What came of asking a mount.
#[derive(Debug)]
pub(super) enum Answer {
    /// It said how full it is, or why it does not.
    Given(io::Result<Space>),
    /// It does not answer.
    Stuck,
    /// It was not asked, or not for long enough to know.
    Unknown(&'static str),
}

/// The most threads there are, stuck ones included.
pub(super) const MOST: usize = 8;
/// The most mounts that are asked at once.
const AT_ONCE: usize = 4;

/// The helper threads.
pub(super) struct Helpers {
    question: Question,
    sender: Sender<(u64, io::Result<Space>)>,
    answers: Receiver<(u64, io::Result<Space>)>,
    idle: Vec<Helper>,
    /// Helpers that wait for an answer, by number.
    asked: HashMap<u64, Asked>,
    numbers: u64,
}

struct Helper {
    number: u64,
    paths: Sender<PathBuf>,
}

struct Asked {
    helper: Helper,
    path: PathBuf,
    since: Instant,
    stuck: bool,
}

/// One mount to ask.
pub(super) struct Target {
    pub(super) path: PathBuf,
    /// Whether it answered when it was asked last.
    pub(super) answered: bool,
}

impl Helpers {
    pub(super) fn new(question: Question) -> Self {
        let (sender, answers) = mpsc::channel();
        Self {
            question,
            sender,
            answers,
            idle: Vec::new(),
            asked: HashMap::new(),
            numbers: 0,
        }
    }

    /// Asks every target that has no stuck helper, until `end`; one that takes longer than
    /// `patience` is stuck. The answers are in the order of the targets.
    pub(super) fn ask(
        &mut self,
        targets: &[Target],
        patience: Duration,
        end: Instant,
    ) -> Vec<Answer> {
        self.return_late_ones();
        let mut answers: Vec<Answer> = targets
            .iter()
            .map(|target| match self.is_asked(&target.path) {
                true => Answer::Stuck,
                false => Answer::Unknown("no time was left"),
            })
            .collect();
        let mut queue: Vec<usize> = (0..targets.len())
            .filter(|at| matches!(answers[*at], Answer::Unknown(_)))
            .collect();
        // Taken from the end: those that are known to answer come first.
        queue.sort_by_key(|at| targets[*at].answered);
        loop {
            while Instant::now() < end
                && let Some(at) = queue.last().copied()
                && self.has_room_for(&targets[at])
            {
                queue.pop();
                if let Err(why) = self.send(&targets[at]) {
                    answers[at] = Answer::Unknown(why);
                }
            }
            let Some(next) = self.first_asked() else {
                break;
            };
            let until = (next + patience).min(end);
            let left = until.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok((number, given)) => {
                    if let Some(path) = self.returned(number)
                        && let Some(at) = targets.iter().position(|target| target.path == path)
                    {
                        answers[at] = Answer::Given(given);
                    }
                }
                Err(_) if Instant::now() >= end => break,
                Err(_) => {
                    for asked in self.asked.values_mut() {
                        if !asked.stuck && asked.since.elapsed() >= patience {
                            asked.stuck = true;
                            if let Some(at) = targets.iter().position(|t| t.path == asked.path) {
                                answers[at] = Answer::Stuck;
                            }
                        }
                    }
                }
            }
        }
        // Until the next run nobody needs them: their ends of the channels are closed.
        self.idle.clear();
        answers
    }

    /// Takes back the helpers whose mounts answered since the last run. What they said is old.
    fn return_late_ones(&mut self) {
        while let Ok((number, _)) = self.answers.try_recv() {
            self.returned(number);
        }
        for asked in self.asked.values_mut() {
            asked.stuck = true;
        }
    }

    fn returned(&mut self, number: u64) -> Option<PathBuf> {
        let asked = self.asked.remove(&number)?;
        self.idle.push(asked.helper);
        Some(asked.path)
    }

    fn is_asked(&self, path: &Path) -> bool {
        self.asked.values().any(|asked| asked.path == path)
    }

    fn under_way(&self) -> usize {
        self.asked.values().filter(|asked| !asked.stuck).count()
    }

    fn first_asked(&self) -> Option<Instant> {
        let under_way = self.asked.values().filter(|asked| !asked.stuck);
        under_way.map(|asked| asked.since).min()
    }

    /// Whether to go on to this target now. If not, an answer that is under way will say.
    fn has_room_for(&self, target: &Target) -> bool {
        let under_way = self.under_way();
        under_way == 0 || (under_way < AT_ONCE && self.asked.len() < Self::room(target))
    }

    /// How many threads there may be for this target. The last one is kept for mounts that
    /// answered last time: one more that does not would leave none for them.
    fn room(target: &Target) -> usize {
        match target.answered {
            true => MOST,
            false => MOST - 1,
        }
    }

    fn send(&mut self, target: &Target) -> Result<(), &'static str> {
        if self.asked.len() >= Self::room(target) {
            return Err("too many file systems are stuck");
        }
        let helper = match self.idle.pop() {
            Some(helper) => helper,
            None => self.helper().map_err(|_| "no thread could be started")?,
        };
        if helper.paths.send(target.path.clone()).is_err() {
            return Err("a helper thread ended");
        }
        let asked = Asked {
            path: target.path.clone(),
            since: Instant::now(),
            stuck: false,
            helper,
        };
        self.asked.insert(asked.helper.number, asked);
        Ok(())
    }

    fn helper(&mut self) -> io::Result<Helper> {
        self.numbers += 1;
        let number = self.numbers;
        let (paths, jobs) = mpsc::channel::<PathBuf>();
        let (question, answers) = (Arc::clone(&self.question), self.sender.clone());
        thread::Builder::new()
            .name("novacron-statfs".to_owned())
            .spawn(move || {
                for path in jobs {
                    // A question that panics would leave its mount stuck for ever.
                    let answer = catch_unwind(AssertUnwindSafe(|| question(&path)))
                        .unwrap_or_else(|_| Err(io::Error::other("asking it panicked")));
                    if answers.send((number, answer)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Helper { number, paths })
    }

    /// How many threads wait for a stuck mount.
    #[cfg(test)]
    fn stuck(&self) -> usize {
        self.asked.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    fn targets(paths: impl IntoIterator<Item = String>) -> Vec<Target> {
        let target = |path| Target {
            path: PathBuf::from(path),
            answered: false,
        };
        paths.into_iter().map(target).collect()
    }

    /// Mounts whose name has `stuck` in it do not answer while the gate is held.
    fn helpers() -> (Helpers, Arc<Mutex<()>>, Arc<AtomicUsize>) {
        let gate = Arc::new(Mutex::new(()));
        let asked = Arc::new(AtomicUsize::new(0));
        let (closed, count) = (Arc::clone(&gate), Arc::clone(&asked));
        let question = move |path: &Path| {
            count.fetch_add(1, Ordering::SeqCst);
            let name = path.to_string_lossy();
            if name.contains("stuck") {
                drop(closed.lock());
            }
            assert!(!name.contains("panic"), "on purpose");
            match name.contains("broken") {
                true => Err(io::ErrorKind::PermissionDenied.into()),
                false => Ok(Space {
                    blocks: 7,
                    ..Space::default()
                }),
            }
        };
        (Helpers::new(Arc::new(question)), gate, asked)
    }

    fn ask(helpers: &mut Helpers, targets: &[Target]) -> (Vec<&'static str>, Duration) {
        let begun = Instant::now();
        let answers = helpers.ask(targets, PATIENCE, begun + Duration::from_secs(5));
        let told = answers.iter().map(|answer| match answer {
            Answer::Given(Ok(_)) => "space",
            Answer::Given(Err(_)) => "error",
            Answer::Stuck => "stuck",
            Answer::Unknown(_) => "unknown",
        });
        (told.collect(), begun.elapsed())
    }

    #[test]
    fn one_stuck_mount_hangs_nobody_and_has_one_thread() {
        let (mut helpers, gate, asked) = helpers();
        let targets = targets(["/a", "/stuck", "/broken", "/b"].map(str::to_owned));
        let closed = gate.lock().unwrap();
        for run in 0..20 {
            let (told, took) = ask(&mut helpers, &targets);
            assert_eq!(told, ["space", "stuck", "error", "space"], "{run}");
            assert!(
                run == 0 || took < PATIENCE,
                "only the first run waits for it: {took:?}"
            );
            assert_eq!(helpers.stuck(), 1);
        }
        assert_eq!(
            asked.load(Ordering::SeqCst),
            1 + 20 * 3,
            "the stuck one was asked once"
        );
        drop(closed);
        // It answers now; the run after that asks it again.
        let healed = Instant::now();
        while ask(&mut helpers, &targets).0[1] != "space" {
            assert!(healed.elapsed() < Duration::from_secs(5));
        }
        assert_eq!(helpers.stuck(), 0);
    }

    #[test]
    fn a_thousand_stuck_mounts_have_a_few_threads_and_leave_the_others_alone() {
        let (mut helpers, gate, asked) = helpers();
        let _closed = gate.lock().unwrap();
        let names = (0..1000)
            .map(|n| format!("/stuck{n}"))
            .chain((0..50).map(|n| format!("/fine{n}")));
        let mut targets = targets(names);
        for target in &mut targets[1000..] {
            target.answered = true;
        }
        for _ in 0..3 {
            let (told, took) = ask(&mut helpers, &targets);
            assert!(took < Duration::from_secs(10), "{took:?}");
            let fine = told[1000..].iter().filter(|told| **told == "space").count();
            assert_eq!(fine, 50);
            assert_eq!(
                told.iter().filter(|told| **told == "stuck").count(),
                MOST - 1
            );
            assert_eq!(helpers.stuck(), MOST - 1);
        }
        assert_eq!(asked.load(Ordering::SeqCst), MOST - 1 + 3 * 50);
    }

    #[test]
    fn a_question_that_panics_is_an_error_and_its_thread_goes_on() {
        let (mut helpers, _, _) = helpers();
        let targets = targets(["/panic".to_owned(), "/a".to_owned()]);
        let end = Instant::now() + Duration::from_secs(60);
        let answers = helpers.ask(&targets, Duration::from_secs(60), end);
        assert!(matches!(answers[0], Answer::Given(Err(_))));
        assert!(matches!(answers[1], Answer::Given(Ok(_))));
        assert_eq!(helpers.stuck(), 0);
    }

    #[test]
    fn what_has_no_time_is_not_said_to_be_stuck() {
        let (mut helpers, gate, _) = helpers();
        let _closed = gate.lock().unwrap();
        let targets = targets(["/stuck".to_owned()]);
        let end = Instant::now() + Duration::from_millis(20);
        let answers = helpers.ask(&targets, Duration::from_secs(60), end);
        assert!(matches!(answers[0], Answer::Unknown(_)));
        assert!(
            matches!(ask(&mut helpers, &targets).0[0], "stuck"),
            "it still waits"
        );
    }
}
