//! A collector that others wrote and people run: Rotel, from PyPI. `scripts/tools` fetches it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use novacron_telemetry::traces::Traces;

use crate::receiver::{one_span, telemetry};

struct Rotel {
    child: Child,
    grpc: u16,
    http: u16,
    output: PathBuf,
    _folder: tempfile::TempDir,
}

impl Drop for Rotel {
    fn drop(&mut self) {
        signal(&self.child, "-KILL");
        let _ = self.child.wait();
    }
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([name, &id])
            .status()
            .unwrap()
            .success()
    );
}

/// Whether every thread of a process is stopped: a signal that was sent has not arrived yet.
fn stopped(child: &Child) -> bool {
    let threads = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
    threads.flatten().all(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:\tT"))
    })
}

fn program() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/lib");
    let versions = fs::read_dir(root).ok()?.flatten();
    versions
        .map(|version| version.path().join("site-packages/rotel/rotel-agent"))
        .find(|agent| agent.exists())
}

/// Starts it, if it is here; where nothing may be left out, that it is not is a failure.
fn rotel() -> Option<Rotel> {
    let Some(program) = program() else {
        assert!(
            std::env::var("NOVACRON_TEST").as_deref() != Ok("strict"),
            "Rotel is missing"
        );
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    let [grpc, http] = [(); 2].map(|()| {
        std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    });
    let child = Command::new(program)
        .arg("start")
        .args(["--exporter", "blackhole", "--debug-log", "traces"])
        .args(["--debug-log-verbosity", "detailed"])
        .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
        .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
        .arg("--pid-file")
        .arg(folder.path().join("pid"))
        .stdout(fs::File::create(&output).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let rotel = Rotel {
        child,
        grpc,
        http,
        output,
        _folder: folder,
    };
    for port in [grpc, http] {
        until("it listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
    }
    Some(rotel)
}

#[track_caller]
fn until(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_collector_of_others_reads_what_is_sent_and_survives_being_stopped() {
    let Some(rotel) = rotel() else {
        println!("left out: Rotel is missing here; scripts/tools fetches it");
        return;
    };
    for traces in [
        Traces::otlp(format!("http://127.0.0.1:{}", rotel.http)),
        Traces::otlp_grpc(format!("http://127.0.0.1:{}", rotel.grpc)),
    ] {
        let before = fs::read_to_string(&rotel.output)
            .unwrap()
            .matches("dwcp_migration")
            .count();
        let telemetry = telemetry(traces.timeout(Duration::from_millis(500)));
        one_span(&telemetry);
        let flushed = telemetry.flush_traces(Duration::from_secs(10));
        assert_eq!((flushed.exported, flushed.lost), (1, 0));
        until("it shows the span", || {
            let output = fs::read_to_string(&rotel.output).unwrap();
            output.matches("dwcp_migration").count() > before
        });
        let output = fs::read_to_string(&rotel.output).unwrap();
        for part in ["api-server", "source.node", "node-1", "novacron-telemetry"] {
            assert!(output.contains(part), "{part} is not in {output}");
        }
        // Stopped, it still has a socket that accepts. Nobody waits for it past the deadline.
        signal(&rotel.child, "-STOP");
        until("all its threads stand still", || stopped(&rotel.child));
        one_span(&telemetry);
        let begun = Instant::now();
        let flushed = telemetry.flush_traces(Duration::from_secs(5));
        assert_eq!(
            (flushed.exported, flushed.lost),
            (0, 1),
            "after {:?}",
            begun.elapsed()
        );
        signal(&rotel.child, "-CONT");
        one_span(&telemetry);
        let flushed = telemetry.flush_traces(Duration::from_secs(10));
        assert_eq!(
            (flushed.exported, flushed.lost),
            (1, 0),
            "it is found again"
        );
        let spans = telemetry
            .shutdown_blocking(Duration::from_secs(2))
            .unwrap()
            .spans;
        assert_eq!(spans.lost, 0);
    }
}
