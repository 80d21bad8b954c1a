//! The real program, started and asked like anybody would.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_nova-metrics");

/// How long anything may take that is waited for. Far longer than it should: other tests run, too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// `nova-metrics`, in an empty folder of its own.
pub(crate) struct Exporter {
    child: Child,
    log: Arc<Mutex<String>>,
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
}

/// An answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A program that is to be run, in a folder of its own, deaf to what this one's environment says.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null());
    command
}

impl Exporter {
    /// Starts it on a free port with these arguments, and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments)
    }

    /// The same with a `NovaFile` of this text in its folder.
    pub(crate) fn with_file(text: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("NovaFile"), text).unwrap();
        Self::start_in(folder, arguments)
    }

    /// The same in a folder that there is.
    pub(crate) fn start_in(folder: TempDir, arguments: &[&str]) -> Self {
        let mut command = command(folder.path(), arguments);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        Self::run(folder, command)
    }

    /// Starts this command, and waits until it says where it listens.
    pub(crate) fn run(folder: TempDir, mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                kept.lock().unwrap().push_str(&std::mem::take(&mut line));
            }
        });
        let mut exporter = Self {
            child,
            log,
            address: ([127, 0, 0, 1], 0).into(),
            folder,
        };
        let line = exporter.logged("\"address\":");
        let (_, address) = line.split_once("\"address\":\"").unwrap();
        exporter.address = address.split('"').next().unwrap().parse().unwrap();
        exporter
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a line of the log that holds this, and returns the last such.
    pub(crate) fn logged(&mut self, what: &str) -> String {
        let begun = Instant::now();
        loop {
            if let Some(line) = self.log().lines().rfind(|line| line.contains(what)) {
                return line.to_owned();
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!(
                    "it ended with {status} before it logged {what}: {}",
                    self.log()
                );
            }
            assert!(begun.elapsed() < PATIENCE, "no {what} in: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// One request, on a connection of its own.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(path, "").unwrap()
    }

    /// One request with a token.
    pub(crate) fn get_as(&self, path: &str, token: &str) -> Answer {
        self.ask(path, &format!("authorization: Bearer {token}\r\n"))
            .unwrap()
    }

    /// One request with further headers.
    pub(crate) fn ask(&self, path: &str, headers: &str) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(head.as_bytes())?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text)?;
        Ok(Answer::parse(&text))
    }

    /// The exposition.
    pub(crate) fn scrape(&self) -> String {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// Scrapes until the exposition is as it should be, and returns it.
    pub(crate) fn scrape_until(&self, what: &str, fine: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let text = self.scrape();
            if fine(&text) {
                return text;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "not {what}: {}\n{}",
                states(&text),
                self.log()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// A file in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in its folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not end: {}",
                self.log()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Has it end as a supervisor would, and its folder back.
    pub(crate) fn stop(mut self) -> TempDir {
        self.signal(Signal::TERM);
        assert!(self.ended().success(), "{}", self.log());
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = match head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked")
        {
            true => unchunk(body),
            false => body.to_owned(),
        };
        Self {
            status,
            head: head.to_owned(),
            body,
        }
    }
}

fn unchunk(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        body.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
    panic!("the answer was cut: {} bytes came", body.len());
}

/// How the program ends that should not start: its code, and all that it says.
pub(crate) fn refused(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = command(folder, arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap_or(-1), said)
}

/// What explains most of what is missing.
fn states(text: &str) -> String {
    samples(text, "novacron_collector_state").join("\n")
}

/// The samples of a family.
pub(crate) fn samples<'a>(text: &'a str, family: &str) -> Vec<&'a str> {
    let of_it = |line: &&str| {
        let rest = line.strip_prefix(family);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
    };
    text.lines().filter(of_it).collect()
}

/// The value of a series as it is written.
pub(crate) fn value<'a>(text: &'a str, series: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

/// A root with what two collectors need, and nothing else.
pub(crate) fn small_root() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let proc = root.path().join("proc");
    std::fs::create_dir_all(&proc).unwrap();
    let stat =
        "cpu  10 0 20 30 0 0 0 0 0 0\ncpu0 10 0 20 30 0 0 0 0 0 0\nctxt 7\nbtime 1700000000\n";
    std::fs::write(proc.join("stat"), stat).unwrap();
    std::fs::write(proc.join("loadavg"), "0.50 0.25 0.10 1/99 1234\n").unwrap();
    let memory = "MemTotal:        1024 kB\nMemFree:          512 kB\nMemAvailable:     600 kB\n";
    std::fs::write(proc.join("meminfo"), memory).unwrap();
    root
}
