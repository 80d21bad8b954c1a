//! Starting, asking and ending processes. Whatever is started here ends with its owner, also when a
//! test fails, and every wait has an end.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    thread::{self, sleep},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::scrape::Scrape;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(20);

/// `dwcp`, with these flags.
pub(crate) struct Dwcp {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    printed: String,
}

/// A file for the reports of both sides.
pub(crate) struct Reports {
    folder: TempDir,
}

impl Dwcp {
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::start_with(flags, &[])
    }

    /// The same, with more in its environment.
    pub(crate) fn start_with(flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dwcp"))
            .args(flags)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dwcp starts");
        let stdout = child.stdout.take().map(BufReader::new);
        Self {
            child,
            stdout,
            printed: String::new(),
        }
    }

    /// The address behind this word, once it is printed in the next line that has it.
    pub(crate) fn address(&mut self, word: &str) -> SocketAddr {
        let stdout = self.stdout.as_mut().expect("not taken yet");
        loop {
            let mut line = String::new();
            let read = stdout.read_line(&mut line).expect("text");
            assert_ne!(read, 0, "it ended without {word}:\n{}", self.printed);
            self.printed += &line;
            if let Some((_, rest)) = line.split_once(word) {
                let address = rest.trim().trim_start_matches("http://");
                let address = address.trim_end_matches("/metrics");
                return address.parse().expect("an address");
            }
        }
    }

    /// From now on what it prints is read and forgotten, so that it can go on.
    pub(crate) fn go_on(mut self) -> Self {
        if let Some(stdout) = self.stdout.take() {
            thread::spawn(move || stdout.lines().count());
        }
        self
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status();
        assert!(status.expect("kill runs").success());
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("waitable").is_none()
    }

    /// Waits for its end; returns its exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        until("it ends", || self.child.try_wait().expect("waitable")).code()
    }
}

impl Drop for Dwcp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Reports {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("reports")
    }

    pub(crate) fn flag(&self) -> String {
        format!("--log={}", self.path().display())
    }

    /// The report of this side, once it is there.
    pub(crate) fn of(&self, side: &str) -> Value {
        until(&format!("the {side} reports"), || self.find(side))
    }

    pub(crate) fn find(&self, side: &str) -> Option<Value> {
        let text = fs::read_to_string(self.path()).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut reports = whole
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        reports.find(|report| report["side"] == side)
    }
}

/// Waits until there is something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        sleep(PAUSE);
    }
}

/// Waits until this side has moved some bytes, and not all.
pub(crate) fn until_under_way(source: SocketAddr) {
    until("bytes are on their way", || {
        let sent = Scrape::of(source).sum("novacron_dwcp_transferred_bytes_total", SENT)?;
        (sent > 1e6).then_some(())
    });
}

const SENT: &[(&str, &str)] = &[("direction", "sent")];
