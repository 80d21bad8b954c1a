//! A migration as a trace, read back from a collector that others wrote and people run: Rotel, from
//! PyPI. `scripts/tools` fetches it; without it the test says so and ends, and with
//! `NOVACRON_TEST=strict` it fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{self, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::processes::{Dwcp, until};

/// The collector, and the file that it prints spans to.
struct Rotel {
    child: Child,
    http: u16,
    folder: TempDir,
}

/// A span, as far as it is looked at.
#[derive(Clone, Debug)]
struct Span {
    trace: String,
    id: String,
    parent: String,
    name: String,
}

impl Rotel {
    fn start() -> Option<Self> {
        let Some(program) = program() else {
            let strict = env::var("NOVACRON_TEST").is_ok_and(|value| value == "strict");
            assert!(!strict, "Rotel is missing; scripts/tools fetches it");
            // Past the test harness, which would keep it to itself.
            let _ = writeln!(
                io::stderr(),
                "left out: the trace of a migration (Rotel is missing here)"
            );
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let [http, grpc] = [(); 2].map(|()| {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            free.local_addr().expect("an address").port()
        });
        let output = fs::File::create(folder.path().join("output")).expect("a file");
        let child = Command::new(program)
            .arg("start")
            .args(["--exporter", "blackhole", "--debug-log", "traces"])
            .args(["--debug-log-verbosity", "detailed"])
            .arg(format!("--otlp-http-endpoint=127.0.0.1:{http}"))
            .arg(format!("--otlp-grpc-endpoint=127.0.0.1:{grpc}"))
            .arg("--pid-file")
            .arg(folder.path().join("pid"))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::null())
            .spawn()
            .expect("Rotel starts");
        let rotel = Self {
            child,
            http,
            folder,
        };
        until("Rotel listens", || {
            TcpStream::connect(("127.0.0.1", http)).ok()
        });
        Some(rotel)
    }

    fn spans(&self) -> Vec<Span> {
        let text = fs::read_to_string(self.folder.path().join("output")).expect("its output");
        let fields = |block: &str, name: &str| {
            let line = block.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                (key.trim() == name).then(|| value.trim().to_owned())
            });
            line.unwrap_or_default()
        };
        let blocks = text.split("\nSpan #").skip(1);
        blocks
            .map(|block| Span {
                trace: fields(block, "Trace ID"),
                id: fields(block, "ID"),
                parent: fields(block, "Parent ID"),
                name: fields(block, "Name"),
            })
            .collect()
    }
}

impl Drop for Rotel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Option<PathBuf> {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/lib");
    let versions = fs::read_dir(packages).ok()?.flatten();
    versions
        .map(|version| version.path().join("site-packages/rotel/rotel-agent"))
        .find(|agent| agent.exists())
}

/// What happens once in a migration, and on which side.
const ONCE: &[&str] = &[
    "dwcp_migration",
    "initializing",
    "pre_copy",
    "downtime",
    "activation",
    "verification",
    "dwcp.v1.Migrator/Open",
    "dwcp.v1.Migrator/Prepare",
    "dwcp.v1.Migrator/Activate",
    "dwcp.v1.Migrator/Verify",
];

const MIGRATIONS: usize = 5;

#[test]
fn a_migration_is_one_whole_trace_of_both_sides_every_time() {
    let Some(rotel) = Rotel::start() else { return };
    let endpoint = format!("http://127.0.0.1:{}", rotel.http);
    for _ in 0..MIGRATIONS {
        let flags = [
            "demo",
            "--exit",
            "--memory=4MiB",
            "--metrics=127.0.0.1:0",
            "--destination-metrics=127.0.0.1:0",
        ];
        let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
        let demo = Dwcp::start_with(&flags, &environment).go_on();
        assert_eq!(demo.end(), Some(0));
    }
    // Both sides have flushed before they ended; the collector may be a moment behind.
    let traces = until("every migration is there", || {
        let mut traces: BTreeMap<String, Vec<Span>> = BTreeMap::new();
        for span in rotel.spans() {
            traces.entry(span.trace.clone()).or_default().push(span);
        }
        let whole = |spans: &Vec<Span>| {
            let has = |name: &str| spans.iter().any(|span| span.name == name);
            ONCE.iter().all(|name| has(name))
        };
        let done = traces.values().filter(|spans| whole(spans)).count() >= MIGRATIONS;
        done.then_some(traces)
    });
    assert_eq!(traces.len(), MIGRATIONS, "one trace each: {traces:#?}");
    for spans in traces.values() {
        let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
        assert_eq!(ids.len(), spans.len(), "no span came twice");
        let roots = spans.iter().filter(|span| span.parent.is_empty());
        let roots: Vec<_> = roots.map(|span| span.name.as_str()).collect();
        assert_eq!(roots, ["dwcp_migration"]);
        let orphans = spans
            .iter()
            .filter(|span| !span.parent.is_empty() && !ids.contains(span.parent.as_str()));
        assert_eq!(orphans.count(), 0, "{spans:#?}");
        for name in ONCE {
            let count = spans.iter().filter(|span| span.name == *name).count();
            assert_eq!(count, 1, "{name} in {spans:#?}");
        }
    }
}
