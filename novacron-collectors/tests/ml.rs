//! Models, as services describe them that behave well and badly.
#![cfg(all(target_os = "linux", feature = "ml"))]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use novacron_collectors::ml::{MlCollector, MlSettings};
use novacron_telemetry::catalog::MlMetrics;
use novacron_telemetry::collect::{CollectError, CollectErrorKind, Collector, Run};
use novacron_telemetry::registry::{MetricGroup, Registry};

/// A service that answers what it was told last; `None` is to say nothing and hang.
struct Service {
    port: u16,
    answer: Arc<Mutex<Option<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, stop) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let (to_give, stopped) = (Arc::clone(&answer), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut hung = Vec::new();
            for socket in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let mut socket = socket.unwrap();
                let mut head = [0; 1024];
                let _ = socket.read(&mut head);
                let answer: Option<Vec<u8>> = to_give.lock().unwrap().clone();
                match answer {
                    Some(bytes) => drop(socket.write_all(&bytes)),
                    None => hung.push(socket),
                }
            }
        });
        Self {
            port,
            answer,
            stop,
            thread: Some(thread),
        }
    }

    fn says(&self, bytes: impl Into<Option<Vec<u8>>>) {
        *self.answer.lock().unwrap() = bytes.into();
    }

    fn says_text(&self, body: &str) {
        self.says(answer("text/plain; version=0.0.4", body));
    }

    fn collector(&self) -> MlCollector {
        MlCollector::new(MlSettings {
            endpoint: Some(format!("http://127.0.0.1:{}", self.port)),
            environment: "production".into(),
        })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// What is shown of a service.
struct Shown {
    registry: Registry,
    metrics: MlMetrics,
    collector: MlCollector,
}

impl Shown {
    fn of(service: &Service) -> Self {
        let registry = Registry::new();
        Self {
            metrics: registry.register().unwrap(),
            registry,
            collector: service.collector(),
        }
    }

    /// One tick; returns the run.
    fn tick(&mut self) -> Run {
        let mut run = Run::within(Duration::from_secs(2));
        let reading = self.collector.read(&mut run).unwrap();
        MlCollector::publish(&reading, &self.metrics);
        run
    }

    fn value(&self, series: &str) -> Option<f64> {
        let text = self.registry.render();
        let line = text.lines().find_map(|line| line.strip_prefix(series))?;
        Some(line.trim().parse().unwrap())
    }

    /// Without what differs from run to run.
    fn exposition(&self) -> String {
        let own = |line: &&str| !line.contains("novacron_ml_exporter_scrape_duration_seconds");
        let text = self.registry.render();
        text.lines()
            .filter(own)
            .map(|line| format!("{line}\n"))
            .collect()
    }
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(support::fixture(&format!("ml/{name}"))).unwrap()
}

#[test]
fn both_formats_say_the_same_and_every_family_is_written() {
    let service = Service::start();
    let (mut text, mut json) = (Shown::of(&service), Shown::of(&service));
    service.says_text(&fixture("metrics.txt"));
    let run = text.tick();
    assert_eq!(run.skipped_targets(), [""; 0]);
    service.says(answer("application/json", &fixture("metrics.json")));
    let run = json.tick();
    assert_eq!(run.skipped_targets(), [""; 0]);
    assert_eq!(text.exposition(), json.exposition());
    support::golden("ml.prom", &text.exposition());
    let shown = text.registry.render();
    for family in MlMetrics::DESCRIPTORS {
        let series = shown.lines().any(|line| line.starts_with(family.name));
        assert!(series, "{}", family.name);
    }
    // What else the service exposes is not ours.
    assert!(!shown.contains("process_cpu"));
}

const PREDICTIONS: &str = "novacron_ml_predictions_total{model_name=\"m\",version=\"1\",\
    environment=\"production\",status=\"success\"}";

fn predictions(total: u64) -> String {
    format!("ml_predictions_total{{model_name=\"m\",version=\"1\",status=\"success\"}} {total}\n")
}

#[test]
fn totals_grow_and_survive_a_service_that_starts_over() {
    let service = Service::start();
    let mut shown = Shown::of(&service);
    let mut expect = |total: u64, counter: f64| {
        service.says_text(&predictions(total));
        shown.tick();
        assert_eq!(shown.value(PREDICTIONS), Some(counter), "at {total}");
    };
    expect(100, 100.0);
    expect(100, 100.0);
    expect(130, 130.0);
    expect(5, 135.0);
    expect(7, 137.0);
    // One that is not named for a while is not counted again when it is.
    service.says_text("");
    shown.tick();
    service.says_text(&predictions(9));
    shown.tick();
    assert_eq!(shown.value(PREDICTIONS), Some(139.0));
}

#[test]
fn a_reading_that_was_thrown_away_loses_no_count() {
    let service = Service::start();
    let mut shown = Shown::of(&service);
    service.says_text(&predictions(10));
    shown.tick();
    service.says_text(&predictions(20));
    let mut run = Run::within(Duration::from_secs(1));
    drop(shown.collector.read(&mut run).unwrap());
    service.says_text(&predictions(21));
    shown.tick();
    assert_eq!(shown.value(PREDICTIONS), Some(21.0));
}

#[test]
fn histograms_grow_by_bucket() {
    let service = Service::start();
    let mut shown = Shown::of(&service);
    let text = fixture("metrics.txt");
    service.says_text(&text);
    shown.tick();
    let name = "novacron_ml_inference_duration_seconds";
    let labels = "model_name=\"classifier\",version=\"v1.2\",environment=\"production\"";
    let count = format!("{name}_count{{{labels}}}");
    let sum = format!("{name}_sum{{{labels}}}");
    let fast = format!("{name}_bucket{{{labels},le=\"0.001\"}}");
    let of = |shown: &Shown| [&count, &sum, &fast].map(|series| shown.value(series).unwrap());
    assert_eq!(of(&shown), [1027.0, 31.25, 100.0]);
    // One more, and it took long.
    let more = text
        .lines()
        .map(|line| match line {
            line if line.starts_with("ml_inference") && line.contains("le=\"+Inf\"") => {
                line.replace(" 1027", " 1028")
            }
            line => line.replace("31.25", "51.25"),
        })
        .map(|line| line + "\n")
        .collect::<String>();
    service.says_text(&more);
    shown.tick();
    assert_eq!(of(&shown), [1028.0, 51.25, 100.0]);
    // The service starts over.
    service.says_text(&text);
    shown.tick();
    assert_eq!(of(&shown), [2055.0, 82.5, 200.0]);
}

#[test]
fn a_gauge_that_is_not_named_any_more_is_gone() {
    let service = Service::start();
    let mut shown = Shown::of(&service);
    service.says_text(
        "ml_model_accuracy{model_name=\"a\"} 0.5\nml_model_accuracy{model_name=\"b\"} 1\n",
    );
    shown.tick();
    assert_eq!(shown.metrics.model_accuracy.len(), 2);
    service.says_text("ml_model_accuracy{model_name=\"b\"} 1\n");
    shown.tick();
    let text = shown.registry.render();
    assert!(!text.contains("\"a\"") && text.contains("\"b\""));
    // Nothing is known.
    MlCollector::publish(&Default::default(), &shown.metrics);
    assert!(
        !shown
            .registry
            .render()
            .contains("novacron_ml_model_accuracy{")
    );
}

#[test]
fn what_is_not_understood_is_left_out_and_named() {
    let service = Service::start();
    let mut shown = Shown::of(&service);
    for (line, why) in [
        ("ml_model_accuracy{version=\"1\"} 1", "label"),
        (
            "ml_model_accuracy{model_name=\"m\",environment=\"moon\"} 1",
            "label",
        ),
        ("ml_model_accuracy{model_name=\"m\"} NaN", "number"),
        ("ml_model_loss{model_name=\"m\",type=\"test\"} 1", "label"),
        (
            "ml_predictions_total{model_name=\"m\",status=\"success\"} -1",
            "number",
        ),
        (
            "ml_predictions_total{model_name=\"m\",status=\"success\"} 1.5",
            "number",
        ),
        (
            "ml_predictions_total{model_name=\"m\",status=\"maybe\"} 1",
            "label",
        ),
        (
            "ml_training_duration_seconds{model_name=\"m\"} 12",
            "no histogram",
        ),
        (
            "ml_training_duration_seconds_bucket{model_name=\"m\"} 12",
            "bound",
        ),
        (
            "ml_training_duration_seconds_sum{model_name=\"m\"} 12",
            "bounds",
        ),
    ] {
        service.says_text(&format!(
            "{line}\nml_model_accuracy{{model_name=\"good\"}} 1\n"
        ));
        let run = shown.tick();
        let named = run.skipped_targets();
        assert!(
            named.iter().any(|target| target.contains(why)),
            "{line}: {named:?}"
        );
        assert!(run.failure().is_none());
        assert!(!shown.registry.render().contains("\"m\""), "{line}");
        assert!(shown.registry.render().contains("\"good\""));
    }
}

#[test]
fn a_service_in_trouble_takes_no_value_away_and_is_counted() {
    let service = Service::start();
    let mut shown = Shown::of(&service);
    service.says_text("ml_model_accuracy{model_name=\"m\"} 0.5\n");
    shown.tick();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    let deep = format!("{head}{{\"metrics\":{}", "[".repeat(1 << 20));
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "#".repeat(5 << 20));
    let many = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x 1\n".repeat(20_001));
    let mut seen = std::collections::BTreeMap::<&str, u32>::new();
    for (answer, kind, error_type) in [
        (None, CollectErrorKind::TimedOut, "timeout"),
        (
            Some("HTTP/1.1 500 No\r\n\r\n"),
            CollectErrorKind::Failed,
            "infrastructure",
        ),
        (
            Some("HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n"),
            CollectErrorKind::Failed,
            "infrastructure",
        ),
        (
            Some("SSH-2.0-OpenSSH_9.2\r\n"),
            CollectErrorKind::Failed,
            "data_error",
        ),
        (
            Some("HTTP/1.1 200 OK\r\n\r\n<html>"),
            CollectErrorKind::Failed,
            "data_error",
        ),
        (
            Some("HTTP/1.1 200 OK\r\n\r\nml_model_accuracy{model_name=\"m\"} 0."),
            CollectErrorKind::Failed,
            "data_error",
        ),
        (
            Some("HTTP/1.1 200 OK\r\n\r\n\u{ff}\n"),
            CollectErrorKind::Failed,
            "data_error",
        ),
        (Some(&deep), CollectErrorKind::Failed, "data_error"),
        (Some(&endless), CollectErrorKind::Failed, "resource_error"),
        (Some(&many), CollectErrorKind::Failed, "resource_error"),
    ] {
        service.says(answer.map(|answer| answer.as_bytes().to_vec()));
        let start = Instant::now();
        let run = shown.tick();
        assert!(start.elapsed() < Duration::from_secs(4));
        assert!(!run.expired(), "a run that is late is thrown away");
        assert_eq!(
            run.failure().map(CollectError::kind),
            Some(kind),
            "{error_type}"
        );
        let count = seen.entry(error_type).or_default();
        *count += 1;
        let errors = "novacron_ml_exporter_scrape_errors_total";
        let series = format!("{errors}{{error_type=\"{error_type}\"}}");
        assert_eq!(
            shown.value(&series),
            Some(f64::from(*count)),
            "{answer:.40?}"
        );
        assert!(
            shown
                .registry
                .render()
                .contains("novacron_ml_model_accuracy{")
        );
    }
    let attempts = shown.value("novacron_ml_exporter_scrape_duration_seconds_count");
    assert_eq!(attempts, Some(11.0));
    // Nobody there at all.
    let mut shown = Shown::of(&service);
    drop(service);
    assert_eq!(
        shown.tick().failure().map(CollectError::kind),
        Some(CollectErrorKind::Failed)
    );
}

#[test]
fn where_no_service_is_named_nobody_is_asked() {
    let read = |endpoint: Option<&str>, environment: &str| {
        let mut run = Run::within(Duration::from_secs(1));
        let mut collector = MlCollector::new(MlSettings {
            endpoint: endpoint.map(str::to_owned),
            environment: environment.into(),
        });
        let read = collector.read(&mut run);
        read.err()
            .or(run.failure().cloned())
            .map(|error| error.to_string())
    };
    assert!(
        read(None, "production")
            .unwrap()
            .contains("no ML service is named")
    );
    assert!(
        read(Some(" "), "production")
            .unwrap()
            .contains("no ML service is named")
    );
    assert!(
        read(Some("https://x"), "production")
            .unwrap()
            .contains("TLS")
    );
    assert!(
        read(Some("http://127.0.0.1:1"), "moon")
            .unwrap()
            .contains("`moon`")
    );
}

#[test]
fn no_prefix_and_no_change_invents_a_value() {
    let whole = Service::start();
    let service = &whole;
    let text = fixture("metrics.txt");
    let mut full = Shown::of(service);
    service.says_text(&text);
    full.tick();
    let truth: std::collections::HashSet<String> =
        full.exposition().lines().map(str::to_owned).collect();
    // At the end of a line the text is whole for all one can see: what is there must be true. Zeros
    // of counters that have begun are those of labels that were not named.
    for end in (0..text.len()).step_by(7) {
        let mut shown = Shown::of(service);
        service.says_text(&text[..end]);
        let run = shown.tick();
        if run.failure().is_some() {
            assert!(
                !shown.exposition().contains("novacron_ml_model_accuracy{"),
                "{end}"
            );
            continue;
        }
        for line in shown
            .exposition()
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            assert!(
                truth.contains(line) || line.ends_with(" 0"),
                "{end}: {line}"
            );
        }
    }
}
