//! A real Prometheus scrapes both sides, and every query of the DWCP dashboard has an answer.
//!
//! `scripts/tools` fetches Prometheus. Where it is missing, the test says so and ends; with
//! `NOVACRON_TEST=strict` it fails.

use std::{
    env,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{demo::Demo, processes::until, scrape};

/// Title, and what it draws. `$window` stands for the dashboard's `$__rate_interval`.
const PANELS: [(&str, &[&str]); 6] = [
    (
        "Migration success/failure rate",
        &[
            "sum(rate(novacron_dwcp_migrations_total{status=\"failed\"}[10m])) / sum(rate(novacron_dwcp_migrations_total[10m]))",
            "sum(rate(novacron_dwcp_migrations_total{status=\"success\"}[10m])) / sum(rate(novacron_dwcp_migrations_total[10m]))",
        ],
    ),
    (
        "Migration duration distribution",
        &["sum by (le) (increase(novacron_dwcp_migration_duration_seconds_bucket[$window]))"],
    ),
    (
        "Bandwidth utilization by link",
        &["novacron_dwcp_bandwidth_utilization_percent"],
    ),
    (
        "Compression ratio trends",
        &["avg by (algorithm) (novacron_dwcp_compression_ratio)"],
    ),
    (
        "Concurrent migrations",
        &["sum by (mode) (novacron_dwcp_migrations_in_flight)"],
    ),
    (
        "Migration throughput",
        &["sum by (mode, direction) (rate(novacron_dwcp_transferred_bytes_total[5m]))"],
    ),
];

/// A Prometheus that scrapes two addresses every second; it ends with its owner.
struct Prometheus {
    child: Child,
    address: SocketAddr,
    _scratch: TempDir,
}

#[test]
fn every_query_of_the_dashboard_has_an_answer() {
    let Some(binary) = prometheus() else { return };
    let demo = Demo::start(&["--memory=64MiB", "--dirty-rate=4MiB", "--bandwidth=4MiB"]);
    let prometheus = Prometheus::start(&binary, [demo.source, demo.destination]);
    until("both sides were scraped while bytes moved", || {
        let seen = "sum(up) == 2 and sum(novacron_dwcp_migrations_in_flight) == 1";
        let moved = ["sent", "received"].map(|direction| {
            let labels = format!("{{direction=\"{direction}\"}}");
            format!("sum(rate(novacron_dwcp_transferred_bytes_total{labels}[1m])) > 0")
        });
        let all = format!("{seen} and {} and {}", moved[0], moved[1]);
        prometheus.ask(&all).into_iter().next()
    });
    assert!(
        demo.reports.find("source").is_none(),
        "too quick to be seen"
    );
    let report = demo.reports.of("source");
    assert_eq!(report["outcome"], "success", "{report}");
    until("the end was scraped", || {
        let ended = prometheus.ask("sum(novacron_dwcp_migrations_total{status=\"success\"}) == 1");
        let received = "sum(novacron_dwcp_transferred_bytes_total{direction=\"received\"})";
        let sent = "sum(novacron_dwcp_transferred_bytes_total{direction=\"sent\"})";
        let equal = prometheus.ask(&format!("{sent} == {received}"));
        (!ended.is_empty() && !equal.is_empty()).then_some(())
    });

    for (panel, queries) in PANELS {
        for query in queries {
            let answer = prometheus.ask(&query.replace("$window", "1m"));
            assert!(!answer.is_empty(), "{panel}: {query} has no answer");
            for (labels, value) in answer {
                assert!(
                    value.is_finite(),
                    "{panel}: {query} is {value} for {labels}"
                );
            }
        }
    }

    // And the answers are about this migration.
    let number = |query: &str| prometheus.number(query);
    let [failed, success] = [PANELS[0].1[0], PANELS[0].1[1]].map(number);
    assert_eq!((failed, success), (0.0, 1.0));
    let ended = "sum(increase(novacron_dwcp_migration_duration_seconds_bucket{le=\"+Inf\"}[1m]))";
    assert!(number(ended) > 0.0);
    let fullest = "max(max_over_time(novacron_dwcp_bandwidth_utilization_percent[1m]))";
    assert!(
        (50.0..=100.0).contains(&number(fullest)),
        "{}",
        number(fullest)
    );
    for algorithm in ["zstd", "delta"] {
        let ratio = format!("novacron_dwcp_compression_ratio{{algorithm=\"{algorithm}\"}}");
        assert!(number(&ratio) > 1.0, "{algorithm}: {}", number(&ratio));
    }
    let most = "max_over_time(sum(novacron_dwcp_migrations_in_flight)[1m:1s])";
    assert_eq!(number(most), 1.0);
    assert_eq!(number("sum(novacron_dwcp_migrations_in_flight)"), 0.0);
    let mode = "mode=\"hybrid\"";
    for direction in ["sent", "received"] {
        let labels = format!("{mode},direction=\"{direction}\"");
        let rate = format!("sum(rate(novacron_dwcp_transferred_bytes_total{{{labels}}}[5m]))");
        assert!(number(&rate) > 0.0, "{direction}");
    }
    assert_eq!(demo.stop(), Some(0));
}

impl Prometheus {
    fn start(binary: &Path, targets: [SocketAddr; 2]) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let (config, log) = (
            scratch.path().join("config.yml"),
            scratch.path().join("log"),
        );
        let [source, destination] = targets;
        let text = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n\
             scrape_configs:\n\
             - job_name: dwcp\n  \
               static_configs: [{{ targets: ['{source}', '{destination}'] }}]\n"
        );
        fs::write(&config, text).expect("written");
        let file = File::create(&log).expect("a file for what it prints");
        let data = scratch.path().join("data");
        let child = Command::new(binary)
            .arg("--web.listen-address=127.0.0.1:0")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("Prometheus starts");
        let mut prometheus = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            _scratch: scratch,
        };
        prometheus.address = until("Prometheus listens", || {
            let printed = fs::read_to_string(&log).unwrap_or_default();
            let whole = printed.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let mut lines = whole.lines().filter(|line| line.contains("Listening on"));
            let (_, address) = lines.next()?.split_once("address=")?;
            address.split_whitespace().next()?.parse().ok()
        });
        prometheus
    }

    /// What a query yields: labels, and a number for each. Nothing while Prometheus starts.
    fn ask(&self, query: &str) -> Vec<(String, f64)> {
        let mut path = String::from("/api/v1/query?query=");
        for byte in query.bytes() {
            let _ = write!(path, "%{byte:02X}");
        }
        let Ok(answer) = scrape::get(self.address, &path) else {
            return Vec::new();
        };
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        let series = answer["data"]["result"].as_array().expect("a vector");
        let numbers = series.iter().map(|series| {
            let number = series["value"][1].as_str().expect("a number as text");
            (
                series["metric"].to_string(),
                number.parse().expect("a number"),
            )
        });
        numbers.collect()
    }

    fn number(&self, query: &str) -> f64 {
        let answer = self.ask(query);
        assert_eq!(answer.len(), 1, "{query} yields {answer:?}");
        answer[0].1
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where Prometheus is, or `None` after saying what is left out without it.
fn prometheus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.push(root.join(".tools/bin"));
    let mut files = folders.into_iter().map(|folder| folder.join("prometheus"));
    let found = files.find(|file| file.is_file());
    if found.is_none() {
        let strict = env::var_os("NOVACRON_TEST").is_some_and(|value| value == "strict");
        assert!(
            !strict,
            "Prometheus is missing here; scripts/tools fetches it"
        );
        // Past the test harness, which would keep it to itself.
        let _ = writeln!(
            io::stderr(),
            "left out: the queries of the DWCP dashboard (Prometheus is missing here)"
        );
    }
    found
}
