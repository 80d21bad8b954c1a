//! Files that move, fill up and vanish; pipes that nobody reads; paths that lead elsewhere.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use novacron_telemetry::ErrorKind;
use novacron_telemetry::logs::{LogCounts, Logs};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{Memory, SOON, eventually, object};

fn to(path: &Path) -> Logs {
    Logs::builder("api-server")
        .rate_limit(0, 0)
        .file(path)
        .build()
        .unwrap()
}

/// Logs lines from one number to another.
fn count(logs: &Logs, from: u64, to: u64) {
    let subscriber = tracing_subscriber::registry().with(logs.layer());
    tracing::subscriber::with_default(subscriber, || {
        for at in from..to {
            tracing::info!(at, "counted");
        }
    });
}

fn numbers(text: &str) -> Vec<u64> {
    text.lines()
        .filter_map(|line| object(line).get("at")?.as_u64())
        .collect()
}

fn balanced(counts: LogCounts) -> bool {
    counts.written + counts.dropped() + counts.suppressed + counts.waiting == counts.emitted
}

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_file_is_made_for_its_owner_and_group_and_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    for round in 0..2 {
        let logs = to(&path);
        count(&logs, round, round + 1);
        assert_eq!(logs.flush(SOON).lost, 0);
        assert_eq!(logs.counts().written, 1);
    }
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0, "at most 640: {mode:o}");
    assert_eq!(numbers(&fs::read_to_string(&path).unwrap()), [0, 1]);
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("target"), "untouched").unwrap();
    symlink(at("target"), at("link")).unwrap();
    symlink(at("nothing"), at("dangling")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    for name in ["link", "dangling", "folder", "socket"] {
        let refused = Logs::builder("a").file(at(name)).build();
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(fs::read_to_string(at("target")).unwrap(), "untouched");
    assert!(!at("nothing").exists());
}

#[test]
fn a_file_that_was_moved_is_made_anew_and_no_line_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let old = |round: u64| folder.path().join(format!("a.log.{round}"));
    let logs = to(&path);
    for round in 0..3 {
        count(&logs, round * 100, round * 100 + 50);
        if round == 0 {
            assert_eq!(logs.flush(SOON).lost, 0);
        }
        fs::rename(&path, old(round)).unwrap();
        count(&logs, round * 100 + 50, round * 100 + 100);
        if round == 1 {
            // Nobody says so: it is noticed.
            eventually("it is noticed", || {
                count(&logs, 1_000, 1_001);
                logs.flush(SOON);
                thread::sleep(Duration::from_millis(50));
                path.exists()
            });
        } else {
            logs.reopen();
        }
        assert_eq!(logs.flush(SOON).lost, 0);
        eventually("it is there again", || path.exists());
    }
    let mut all: Vec<u64> = (0..3)
        .map(old)
        .chain([path.clone()])
        .flat_map(|path: PathBuf| numbers(&fs::read_to_string(path).unwrap()))
        .filter(|at| *at < 1_000)
        .collect();
    all.sort_unstable();
    assert_eq!(all, (0..300).collect::<Vec<_>>());
    assert!(balanced(logs.counts()) && logs.counts().dropped() == 0);
}

#[test]
fn a_file_that_was_cut_short_goes_on_at_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let logs = to(&path);
    count(&logs, 0, 10);
    logs.flush(SOON);
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(0)
        .unwrap();
    count(&logs, 10, 20);
    logs.flush(SOON);
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains('\0'));
    assert_eq!(numbers(&text), (10..20).collect::<Vec<_>>());
}

#[test]
fn a_full_device_costs_lines_and_nothing_else() {
    let logs = Logs::builder("api-server")
        .rate_limit(0, 0)
        .queue_bytes(20_000)
        .file("/dev/full")
        .build()
        .unwrap();
    let begun = Instant::now();
    count(&logs, 0, 10_000);
    assert!(begun.elapsed() < SOON);
    let flushed = logs.flush(Duration::from_millis(100));
    assert_eq!(flushed.written, 0);
    assert!(flushed.lost > 0);
    let counts = logs.counts();
    assert!(
        balanced(counts) && counts.written == 0 && counts.queue_full > 9_000,
        "{counts:?}"
    );
}

/// A disk that is full for a while, and takes half of what it is given before that.
#[derive(Clone, Default)]
struct Disk {
    kept: Memory,
    full: Arc<Mutex<bool>>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if *self.full.lock().unwrap() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let part = bytes.len().div_ceil(2).min(1_000);
        self.kept.write(&bytes[..part])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_was_full_goes_on_where_it_stopped_and_says_so_once() {
    let disk = Disk::default();
    let logs = Logs::builder("api-server")
        .rate_limit(0, 0)
        .queue_bytes(50_000)
        .writer(disk.clone())
        .build()
        .unwrap();
    count(&logs, 0, 100);
    assert_eq!(logs.flush(SOON).lost, 0);
    *disk.full.lock().unwrap() = true;
    count(&logs, 100, 2_000);
    let waiting = logs.flush(Duration::from_millis(100)).lost;
    assert!(waiting > 50, "what fits is kept: {waiting}");
    *disk.full.lock().unwrap() = false;
    assert_eq!(logs.flush(SOON).lost, 0);
    count(&logs, 2_000, 2_100);
    assert_eq!(logs.flush(SOON).lost, 0);
    let counts = logs.counts();
    let text = disk.kept.text();
    assert!(balanced(counts) && counts.waiting == 0);
    assert_eq!(
        text.lines().count() as u64,
        counts.written,
        "no line is torn or doubled"
    );
    let numbers = numbers(&text);
    // One that waited may be what the log said itself.
    assert!(numbers.is_sorted() && numbers.len() as u64 >= 199 + waiting);
    let again: Vec<_> = text
        .lines()
        .filter(|line| line.contains("written again"))
        .collect();
    assert_eq!(again.len(), 1);
    let said = |key: &str| -> u64 {
        let lines = text.lines();
        lines
            .filter_map(|line| object(line).get(key)?.as_u64())
            .sum()
    };
    assert_eq!(said("lost") + said("dropped"), counts.dropped());
}

#[test]
fn a_fifo_that_nobody_reads_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    mkfifo(&path);
    let begun = Instant::now();
    let logs = Logs::builder("api-server")
        .rate_limit(0, 0)
        .queue_bytes(200_000)
        .file(&path)
        .build()
        .unwrap();
    count(&logs, 0, 500);
    assert_eq!(logs.flush(Duration::from_millis(50)).written, 0);
    // Somebody opens it and does not read: it fills.
    let mut reader = File::options().read(true).write(true).open(&path).unwrap();
    count(&logs, 500, 5_000);
    logs.flush(Duration::from_millis(200));
    let counts = logs.counts();
    assert!(counts.written > 0 && counts.queue_full > 0, "{counts:?}");
    assert!(begun.elapsed() < SOON);
    // Now it is read.
    let text = Arc::new(Mutex::new(Vec::new()));
    let read = Arc::clone(&text);
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count) = reader.read(&mut piece) {
            read.lock().unwrap().extend_from_slice(&piece[..count]);
        }
    });
    assert_eq!(logs.flush(SOON).lost, 0);
    let counts = logs.counts();
    assert!(balanced(counts));
    eventually("all that was written is read", || {
        let read = text.lock().unwrap();
        read.iter().filter(|byte| **byte == b'\n').count() as u64 == logs.counts().written
    });
    let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
    assert!(numbers(&text).is_sorted());
}

/// What the test below runs with an output that goes away.
#[test]
fn child_whose_reader_leaves() {
    let Some(folder) = std::env::var_os("NOVACRON_CHILD").map(PathBuf::from) else {
        return;
    };
    let logs = Logs::builder("api-server").rate_limit(0, 0).init().unwrap();
    tracing::info!("ready");
    logs.flush(SOON);
    eventually("the reader left", || folder.join("go").exists());
    let mut slowest = Duration::ZERO;
    for at in 0..50_000 {
        let begun = Instant::now();
        tracing::info!(at, "into nothing");
        slowest = slowest.max(begun.elapsed());
    }
    let flushed = logs.flush(SOON);
    let counts = logs.counts();
    let report = format!(
        "{} {} {} {} {}",
        counts.emitted,
        counts.written,
        counts.dropped(),
        flushed.lost,
        slowest.as_millis()
    );
    fs::write(folder.join("report"), report).unwrap();
}

/// Ends a child that does not end by itself.
fn watch(mut child: Child) {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > SOON {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it hung");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_closed_stdout_and_stderr_do_not_hurt_the_host() {
    let folder = tempfile::tempdir().unwrap();
    // `host 2>&1 | head -1`
    let mut child = Command::new("sh")
        .args(["-c", "exec \"$0\" \"$@\" 2>&1"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "outputs::child_whose_reader_leaves",
            "--nocapture",
        ])
        .env("NOVACRON_CHILD", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("ready") {
        let mut piece = [0; 256];
        let count = stdout.read(&mut piece).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..count]);
    }
    drop(stdout);
    fs::write(folder.path().join("go"), "").unwrap();
    watch(child);
    let report = fs::read_to_string(folder.path().join("report")).unwrap();
    println!("emitted, written, dropped, lost, slowest ms: {report}");
    let report: Vec<u64> = report
        .split(' ')
        .map(|part| part.parse().unwrap())
        .collect();
    assert_eq!(report[0], 50_001);
    assert_eq!(report[1] + report[2], report[0]);
    assert_eq!(report[1], 1, "only what was read in time");
}

#[test]
fn a_reader_that_stops_reading_stdout_does_not_hold_up_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "outputs::child_that_is_not_read", "--nocapture"])
        .env("NOVACRON_CHILD", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Held open, and never read.
    let stdout = child.stdout.take().unwrap();
    watch(child);
    drop(stdout);
    let report = fs::read_to_string(folder.path().join("report")).unwrap();
    println!("emitted, p99 µs, slowest µs, flush ms: {report}");
    let report: Vec<u64> = report
        .split(' ')
        .map(|part| part.parse().unwrap())
        .collect();
    assert!(report[0] >= 50_000, "and what the log says itself");
    assert!(report[1] < 20_000, "p99 of a line took {} µs", report[1]);
}

#[test]
fn child_that_is_not_read() {
    let Some(folder) = std::env::var_os("NOVACRON_CHILD").map(PathBuf::from) else {
        return;
    };
    let logs = Logs::builder("api-server")
        .rate_limit(0, 0)
        .queue_bytes(1 << 20)
        .init()
        .unwrap();
    let mut times = Vec::new();
    for at in 0..50_000 {
        let begun = Instant::now();
        tracing::info!(at, "unread");
        times.push(begun.elapsed());
    }
    times.sort();
    let begun = Instant::now();
    logs.flush(Duration::from_millis(200));
    let flush = begun.elapsed();
    let (p99, slowest) = (times[times.len() / 100 * 99], times[times.len() - 1]);
    let report = format!(
        "{} {} {} {}",
        logs.counts().emitted,
        p99.as_micros(),
        slowest.as_micros(),
        flush.as_millis()
    );
    fs::write(folder.join("report"), report).unwrap();
    // Standard output is full: the harness would wait for it.
    std::process::abort();
}

#[test]
fn a_log_that_is_deleted_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let logs = to(&path);
    count(&logs, 0, 1);
    logs.flush(SOON);
    fs::remove_file(&path).unwrap();
    logs.reopen();
    count(&logs, 1, 2);
    logs.flush(SOON);
    eventually("it is there", || path.exists());
    assert_eq!(numbers(&fs::read_to_string(&path).unwrap()), [1]);
}
