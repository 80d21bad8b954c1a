//! One request, seen everywhere: from the exemplar of a slow one to its span and to its lines.

use std::{net::TcpListener, process::Command, time::Instant};

use axum::http::Method;
use serde_json::Value;
use tokio::time::sleep;

use crate::programs::{PATIENCE, PAUSE, Program, Prometheus, Server, judge, rotel};

/// A collector that others wrote, which prints the spans that it gets.
struct Collector {
    program: Program,
    port: u16,
    _scratch: tempfile::TempDir,
}

impl Collector {
    async fn start() -> Option<Self> {
        let binary = rotel("is a trace that is exported the one that an exemplar names?")?;
        let scratch = tempfile::tempdir().expect("a folder");
        let [port, unused] = [(); 2].map(|()| {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            free.local_addr().expect("an address").port()
        });
        let program = Program::start(
            "rotel",
            scratch.path().join("log"),
            Command::new(binary)
                .arg("start")
                .args(["--exporter", "blackhole", "--debug-log", "traces"])
                .args(["--debug-log-verbosity", "detailed"])
                .arg(format!("--otlp-http-endpoint=127.0.0.1:{port}"))
                .arg(format!("--otlp-grpc-endpoint=127.0.0.1:{unused}"))
                .arg("--pid-file")
                .arg(scratch.path().join("pid")),
        );
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "Rotel does not listen");
            sleep(PAUSE).await;
        }
        Some(Self {
            program,
            port,
            _scratch: scratch,
        })
    }
}

#[tokio::test]
async fn an_exemplar_of_a_slow_request_leads_to_its_span_and_its_lines() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let Some(binary) = judge("prometheus", "does an exemplar arrive there?") else {
        return;
    };
    let server = Server::start_with(&[
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            &format!("http://127.0.0.1:{}", collector.port),
        ),
        ("LOG_LEVEL", "info"),
        ("LOG_FORMAT", "json"),
    ])
    .await;
    let prometheus = Prometheus::start(&binary, &server).await;
    // Fast ones first: they are none of those that an operator looks for.
    for _ in 0..50 {
        server.web.get("/api/v1/vms", "*/*").await;
    }
    let slow = r#"{"delay_ms":700}"#;
    server.web.send(Method::PUT, "/faults", slow, "*/*").await;
    for _ in 0..3 {
        let answer = server.web.get("/api/v1/vms", "*/*").await;
        assert_eq!(answer.status, 200);
    }
    server.web.send(Method::DELETE, "/faults", "", "*/*").await;

    let trace = slow_exemplar(&prometheus).await;
    assert_eq!(trace.len(), 32, "{trace}");
    // The span of that trace is at the collector. It was slow, so it is there whatever the sampler
    // said of it.
    let began = Instant::now();
    while !collector.program.printed().contains(&trace) {
        assert!(
            began.elapsed() < PATIENCE,
            "trace {trace} is not at the collector:\n{}",
            collector.program.printed()
        );
        sleep(PAUSE).await;
    }
    // And so are its lines in the log.
    let lines: Vec<Value> = server
        .printed()
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .filter(|line: &Value| line["trace_id"] == *trace)
        .collect();
    let access = lines.iter().find(|line| line["log_kind"] == "access");
    let access = access.unwrap_or_else(|| panic!("no access line of {trace}: {lines:?}"));
    assert_eq!(access["endpoint"], "/api/v1/vms");
    assert_eq!(access["status"], 200);
    assert!(access["duration_ms"].as_f64() >= Some(700.0), "{access}");
}

/// The trace of an exemplar above half a second.
async fn slow_exemplar(prometheus: &Prometheus) -> String {
    let began = Instant::now();
    loop {
        let found = prometheus
            .exemplars("novacron_api_request_duration_seconds_bucket")
            .await;
        let slow = found.iter().find(|(value, _)| *value >= 0.5);
        if let Some((_, trace)) = slow {
            return trace.clone();
        }
        assert!(
            began.elapsed() < PATIENCE,
            "no exemplar of a slow request: {found:?}"
        );
        sleep(PAUSE).await;
    }
}
