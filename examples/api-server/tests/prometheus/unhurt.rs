//! A host whose log or collector is broken answers as one whose is not.
//!
//! Every request writes a line and every trace is recorded, so each fault is met by each request. The
//! times are printed; what is asserted is that every request was answered, and none was held up.

use std::{
    fs::{File, OpenOptions},
    io::{self, PipeReader, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::programs::Server;

/// What is broken, and whatever has to be kept for that.
struct Fault {
    name: &'static str,
    stderr: Stdio,
    collector: Option<u16>,
    _kept: Kept,
}

#[derive(Default)]
struct Kept {
    _folder: Option<TempDir>,
    _reader: Option<PipeReader>,
    _file: Option<File>,
    _listener: Option<TcpListener>,
}

const REQUESTS: usize = 2_000;

/// Far above what a busy machine takes for a request, and far below what a pipe that nobody reads
/// takes.
const HELD_UP: Duration = Duration::from_secs(5);

impl Fault {
    fn none() -> Self {
        Self::of("undisturbed", Stdio::null())
    }

    fn of(name: &'static str, stderr: Stdio) -> Self {
        Self {
            name,
            stderr,
            collector: None,
            _kept: Kept::default(),
        }
    }

    /// A pipe that is open at its other end, where nobody reads.
    fn unread_pipe() -> Self {
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut fault = Self::of("a pipe that nobody reads", writer.into());
        fault._kept._reader = Some(reader);
        fault
    }

    fn broken_pipe() -> Self {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        Self::of("a pipe whose reader is gone", writer.into())
    }

    fn full_device() -> Self {
        let full = OpenOptions::new().write(true).open("/dev/full");
        Self::of("a full disk", full.expect("/dev/full").into())
    }

    /// A FIFO that was opened for reading too, and is not read.
    fn unread_fifo() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fifo");
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo runs").success());
        let both = OpenOptions::new().read(true).write(true).open(&path);
        let both = both.expect("a FIFO");
        let writer = both.try_clone().expect("the same again");
        let mut fault = Self::of("a FIFO that nobody reads", writer.into());
        fault._kept._file = Some(both);
        fault._kept._folder = Some(folder);
        fault
    }

    /// A socket that takes connections, and never says a word.
    fn hung_collector() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut fault = Self::of("a collector that hangs", Stdio::null());
        fault.collector = Some(listener.local_addr().expect("an address").port());
        fault._kept._listener = Some(listener);
        fault
    }

    fn no_collector() -> Self {
        let mut fault = Self::hung_collector();
        fault._kept._listener = None;
        fault.name = "a collector that is down";
        fault
    }
}

/// How long each request took, in order.
async fn times(fault: Fault) -> Vec<Duration> {
    let endpoint = fault
        .collector
        .map(|port| format!("http://127.0.0.1:{port}"));
    let mut environment = vec![("LOG_LEVEL", "info"), ("TRACING_SAMPLING_RATE", "1")];
    if let Some(endpoint) = &endpoint {
        environment.push(("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint));
    }
    let server = Server::start_into(fault.stderr, &environment).await;
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        let answer = server.web.get("/api/v1/vms", "*/*").await;
        times.push(begun.elapsed());
        assert_eq!(answer.status, 200, "with {}", fault.name);
    }
    times.sort_unstable();
    times
}

#[tokio::test]
async fn a_host_is_not_held_up_by_its_telemetry() {
    for fault in [
        Fault::none(),
        Fault::unread_pipe(),
        Fault::broken_pipe(),
        Fault::full_device(),
        Fault::unread_fifo(),
        Fault::hung_collector(),
        Fault::no_collector(),
    ] {
        let name = fault.name;
        let times = times(fault).await;
        let at = |share: f64| times[((REQUESTS - 1) as f64 * share) as usize];
        let _ = writeln!(
            io::stdout(),
            "{name}: p50 {:?}, p99 {:?}, p999 {:?}",
            at(0.5),
            at(0.99),
            at(0.999)
        );
        assert!(at(1.0) < HELD_UP, "{name} held a request up: {:?}", at(1.0));
    }
}
