//! The server, Prometheus, and where the other judges are.
//!
//! Whatever is started here is ended by its owner, also when a test fails, and every wait has an
//! end.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Request, StatusCode},
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// A process of ours, and the file that holds what it prints.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

/// The API server with an empty database of its own.
pub(crate) struct Server {
    // Ended before its files are gone: fields are dropped in this order.
    program: Program,
    pub(crate) web: Web,
    scratch: TempDir,
}

/// A Prometheus that scrapes one server every second, and nothing else.
pub(crate) struct Prometheus {
    program: Program,
    web: Web,
    _scratch: TempDir,
}

/// Whom to ask over HTTP, on connections that are kept.
#[derive(Clone)]
pub(crate) struct Web {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Program {
    pub(crate) fn start(name: &'static str, log: PathBuf, command: &mut Command) -> Self {
        let file = File::create(&log).expect("a file for what it prints");
        let stderr = file.try_clone().expect("the same file again");
        Self::start_into(name, log, command, file.into(), stderr.into())
    }

    fn start_into(
        name: &'static str,
        log: PathBuf,
        command: &mut Command,
        stdout: Stdio,
        stderr: Stdio,
    ) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { name, child, log }
    }

    pub(crate) fn printed(&self) -> String {
        fs::read_to_string(&self.log).expect("what it printed")
    }

    /// The address it printed behind `mark`, once it has.
    async fn address(&mut self, line_with: &str, mark: &str) -> SocketAddr {
        let began = Instant::now();
        loop {
            let printed = self.printed();
            // Whole lines only: it may be in the middle of one.
            let whole = printed.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let address = whole
                .lines()
                .filter(|line| line.contains(line_with))
                .find_map(|line| line.split_once(mark))
                .map(|(_, rest)| rest.split(['/', ' ']).next().unwrap_or(rest));
            if let Some(address) = address {
                return address.parse().expect("an address");
            }
            let ended = self.child.try_wait().expect("waitable");
            assert!(
                ended.is_none() && began.elapsed() < PATIENCE,
                "{} printed no address (ended: {ended:?}):\n{printed}",
                self.name
            );
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, with more in its environment.
    pub(crate) async fn start_with(environment: &[(&str, &str)]) -> Self {
        Self::begin(environment, None).await
    }

    /// The same, with its lines going there.
    pub(crate) async fn start_into(stderr: Stdio, environment: &[(&str, &str)]) -> Self {
        Self::begin(environment, Some(stderr)).await
    }

    async fn begin(environment: &[(&str, &str)], stderr: Option<Stdio>) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let log = scratch.path().join("log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_api-server"));
        command
            .args(["--listen", "127.0.0.1:0", "--database"])
            .arg(scratch.path().join(DATABASE))
            .envs(environment.iter().copied());
        let mut program = match stderr {
            None => Program::start("api-server", log, &mut command),
            Some(stderr) => {
                let stdout = File::create(&log).expect("a file for what it prints");
                let name = "api-server";
                Program::start_into(name, log, &mut command, stdout.into(), stderr)
            }
        };
        let web = Web::new(program.address("/metrics", "http://").await);
        Self {
            program,
            web,
            scratch,
        }
    }

    /// What it printed so far.
    pub(crate) fn printed(&self) -> String {
        self.program.printed()
    }

    /// The SQLite file it works on.
    pub(crate) fn database(&self) -> PathBuf {
        self.scratch.path().join(DATABASE)
    }
}

impl Prometheus {
    /// Starts `binary`, which scrapes `server`.
    pub(crate) async fn start(binary: &Path, server: &Server) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let config = scratch.path().join("prometheus.yml");
        let target = server.web.address;
        let text = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n\
             scrape_configs:\n\
             - job_name: {JOB}\n  \
               static_configs: [{{ targets: ['{target}'] }}]\n"
        );
        fs::write(&config, text).expect("written");
        let mut program = Program::start(
            "prometheus",
            scratch.path().join("log"),
            Command::new(binary)
                .arg("--enable-feature=exemplar-storage")
                .arg("--web.listen-address=127.0.0.1:0")
                .arg(format!("--config.file={}", config.display()))
                .arg(format!(
                    "--storage.tsdb.path={}",
                    scratch.path().join("data").display()
                )),
        );
        let web = Web::new(program.address("Listening on", "address=").await);
        Self {
            program,
            web,
            _scratch: scratch,
        }
    }

    /// When the latest scrape was, once one of `after` (Unix time) or later is stored and was
    /// answered.
    pub(crate) async fn scraped(&self, after: f64) -> f64 {
        let began = Instant::now();
        loop {
            let query = format!("timestamp(up{{job='{JOB}'}}) and up == 1");
            // While it starts it answers 503.
            let found = self.ask(&query, None).await.unwrap_or_default();
            if let Some(&time) = found.values().next()
                && time >= after
            {
                return time;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "no good scrape at {after} or later:\n{}",
                self.program.printed()
            );
            sleep(PAUSE).await;
        }
    }

    /// What a query yields at a time: from label values, in the alphabetical order of the labels'
    /// names, to numbers.
    pub(crate) async fn query(&self, query: &str, at: f64) -> BTreeMap<Vec<String>, f64> {
        match self.ask(query, Some(at)).await {
            Ok(found) => found,
            Err(said) => panic!("{query}: {said}"),
        }
    }

    /// The one number that a query yields.
    pub(crate) async fn number(&self, query: &str, at: f64) -> f64 {
        let found = self.query(query, at).await;
        assert_eq!(found.len(), 1, "{query} yields {found:?}");
        found.into_values().sum()
    }

    async fn ask(
        &self,
        query: &str,
        at: Option<f64>,
    ) -> Result<BTreeMap<Vec<String>, f64>, String> {
        let mut path = String::from("/api/v1/query?query=");
        for byte in query.bytes() {
            path += &format!("%{byte:02X}");
        }
        if let Some(at) = at {
            path += &format!("&time={at:.3}");
        }
        let answer = self.web.get(&path, "*/*").await;
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.text()));
        }
        let json: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let series = json["data"]["result"].as_array().expect("a vector");
        let entries = series.iter().map(|series| {
            let labels = series["metric"].as_object().expect("labels");
            let labels = labels.values().map(|text| text.as_str().expect("a text"));
            let number = series["value"][1].as_str().expect("a number as text");
            let number = number.parse().expect("a number");
            (labels.map(str::to_owned).collect(), number)
        });
        Ok(entries.collect())
    }

    /// The exemplars of a family: what was observed, and in which trace.
    pub(crate) async fn exemplars(&self, family: &str) -> Vec<(f64, String)> {
        let path = format!("/api/v1/query_exemplars?query={family}&start=0&end=9999999999");
        let answer = self.web.get(&path, "*/*").await;
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let series = json["data"].as_array().cloned().unwrap_or_default();
        let all = series.iter().flat_map(|series| {
            let exemplars = series["exemplars"].as_array();
            exemplars.into_iter().flatten()
        });
        all.map(|exemplar| {
            let value = exemplar["value"].as_str().expect("a number as text");
            let trace = exemplar["labels"]["trace_id"].as_str().expect("a trace");
            (value.parse().expect("a number"), trace.to_owned())
        })
        .collect()
    }

    /// What it counts about its own scrapes: everything that went wrong.
    pub(crate) async fn complaints(&self) -> Vec<(String, f64)> {
        let own = self.web.get("/metrics", "text/plain").await;
        let counted = own.text().lines().filter_map(|line| {
            let (name, number) = line.split_once(' ')?;
            let about_scrapes = name.starts_with("prometheus_target_scrapes_");
            about_scrapes.then(|| (name.to_owned(), number.parse().expect("a number")))
        });
        counted.collect()
    }

    /// What it warns of in its log.
    pub(crate) fn warnings(&self) -> String {
        let printed = self.program.printed();
        let warns = |line: &&str| {
            let line = line.to_ascii_lowercase();
            line.contains("level=warn") || line.contains("level=error")
        };
        printed.lines().filter(warns).collect::<Vec<_>>().join("\n")
    }
}

impl Web {
    fn new(address: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, client }
    }

    /// Asks, and reads the answer to its end.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: &str,
        accept: &str,
    ) -> Answer {
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("http://{}{path}", self.address))
            .header("accept", accept)
            .body(Full::new(Bytes::from(body.to_owned())))
            .expect("a request");
        let answer = async {
            let (head, body) = self.client.request(request).await?.into_parts();
            let body = body
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes);
            Ok::<_, Box<dyn std::error::Error>>((head, body?))
        };
        let answer = timeout(PATIENCE, answer).await;
        let (head, body) = answer
            .unwrap_or_else(|_| panic!("{method} {path}: no answer in time"))
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str, accept: &str) -> Answer {
        self.send(Method::GET, path, "", accept).await
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

/// Where a program is, or `None` after saying what is left out without it.
///
/// # Panics
/// With `NOVACRON_TEST=strict`, when it is missing.
pub(crate) fn judge(name: &str, question: &str) -> Option<PathBuf> {
    found(candidates(name).next(), name, question)
}

/// Where Rotel is, or `None` after saying what is left out without it.
///
/// # Panics
/// With `NOVACRON_TEST=strict`, when it is missing.
pub(crate) fn rotel(question: &str) -> Option<PathBuf> {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/lib");
    let versions = fs::read_dir(packages).into_iter().flatten().flatten();
    let program = versions
        .map(|version| version.path().join("site-packages/rotel/rotel-agent"))
        .find(|agent| agent.exists());
    found(program, "Rotel", question)
}

/// A Python that has `prometheus_client`, or `None` after saying what is left out without it.
///
/// # Panics
/// With `NOVACRON_TEST=strict`, when there is none.
pub(crate) fn python(question: &str) -> Option<PathBuf> {
    let knows = |python: &PathBuf| {
        let import = ["-c", "import prometheus_client.openmetrics.parser"];
        let output = Command::new(python).args(import).output();
        output.is_ok_and(|output| output.status.success())
    };
    let python = candidates("python3").find(knows);
    found(python, "Python's prometheus_client", question)
}

fn found(place: Option<PathBuf>, name: &str, question: &str) -> Option<PathBuf> {
    if place.is_none() {
        let strict = env::var_os("NOVACRON_TEST").is_some_and(|value| value == "strict");
        assert!(!strict, "{name} is missing here; scripts/tools fetches it");
        // Past the test harness, which would keep it to itself.
        let _ = writeln!(
            io::stderr(),
            "left out: {question} ({name} is missing here)"
        );
    }
    place
}

/// Files of that name on the `PATH` and where `scripts/tools` puts them.
fn candidates(name: &str) -> impl Iterator<Item = PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.extend([root.join(".tools/bin"), root.join(".venv/bin")]);
    let name = name.to_owned();
    let files = folders.into_iter().map(move |folder| folder.join(&name));
    files.filter(|file| file.is_file())
}

/// The job under which Prometheus knows the server.
pub(crate) const JOB: &str = "api-server";

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait before looking again.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

const DATABASE: &str = "vms.sqlite";
