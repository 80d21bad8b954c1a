//! What an ML service says of its models, under the documented names of profile `mle`, with the
//! documented alerts evaluated by a real Prometheus.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use novacron_telemetry::metric::buckets;

use crate::exporter::Exporter;
use crate::lab::{Lab, Part, wait_for};
use crate::prometheus::Prometheus;

const MODEL: &str = "model_name=\"classifier\",version=\"v1.2\"";

/// What is documented of a model, as it stands there, and that has a value at once.
const EXAMPLES: &[&str] = &[
    "ml_model_accuracy{model_name=\"classifier\", version=\"v1.2\"}",
    "ml_model_precision{model_name=\"classifier\", version=\"v1.2\"}",
    "ml_model_recall{model_name=\"classifier\", version=\"v1.2\"}",
    "ml_model_f1_score{model_name=\"classifier\", version=\"v1.2\"}",
    "ml_training_duration_seconds_count{model_name=\"classifier\"}",
    "ml_training_failures_total{model_name=\"classifier\", error_type=\"data_error\"}",
    "ml_inference_duration_seconds_bucket{model_name=\"classifier\"}",
    "ml_predictions_total{model_name=\"classifier\", status=\"success\"}",
    "ml_data_drift_score{model_name=\"classifier\", dataset=\"production\"}",
];

/// The documented alerts; how long each must hold is left out, so that they fire at once.
const ALERTS: &[(&str, &str)] = &[
    ("ModelPerformanceDegradation", "ml_model_accuracy < 0.85"),
    ("DataDriftDetected", "ml_data_drift_score > 0.3"),
    (
        "ModelTrainingFailure",
        "sum by (model_name) (increase(ml_training_failures_total[10m])) > 2",
    ),
    (
        "HighInferenceLatency",
        "histogram_quantile(0.95, sum by (le, model_name) \
         (rate(ml_inference_duration_seconds_bucket[5m]))) > 1",
    ),
];

#[test]
fn the_ml_names_carry_what_the_service_says_and_the_alerts_notice() {
    let test = "the_ml_names_carry_what_the_service_says";
    let Some(lab) = Lab::enter(test, &[Part::Prometheus]) else {
        return;
    };
    let service = Service::start();
    let rest = format!(
        "collect_libvirt_stats = false\ncollect_container_stats = false\n\
         [collectors.ml]\nendpoint = \"http://{}\"\ninterval = \"500ms\"\n",
        service.address
    );
    let exporter = Exporter::start_with(&lab, "ml", &rest, &["--profile", "mle"]);
    exporter.after_a_round_of("ml");
    let mut rules = String::from("groups:\n- name: ml\n  rules:\n");
    for (name, expression) in ALERTS {
        let _ = writeln!(rules, "  - alert: {name}\n    expr: '{expression}'");
    }
    let prometheus = Prometheus::start(&lab, &[("ml-model", exporter.address())], &rules);

    for expression in EXAMPLES {
        prometheus.answer(expression);
    }
    let accuracy = prometheus.answer(EXAMPLES[0]);
    assert_eq!(
        (accuracy.len(), accuracy[0].value.to_bits()),
        (1, 0.93_f64.to_bits())
    );
    // It serves while we look, so that there is a rate to speak of.
    for _ in 0..4 {
        service.serves(10, 0.02);
        thread::sleep(Duration::from_secs(1));
    }
    let latency = prometheus.answer(
        "histogram_quantile(0.95, sum by (le) (rate(ml_inference_duration_seconds_bucket[1m])))",
    );
    assert!(latency[0].value < 0.1, "{latency:?}");
    for (name, health, state) in prometheus.alerts() {
        assert_eq!(
            (health.as_str(), state.as_str()),
            ("ok", "inactive"),
            "{name}"
        );
    }

    service.change(|model| {
        model.accuracy = 0.71;
        model.drift = 0.45;
        model.failures += 5;
    });
    service.serves(10_000, 3.0);
    wait_for("every alert fires", Duration::from_secs(30), || {
        let alerts = prometheus.alerts();
        alerts
            .iter()
            .all(|(_, _, state)| state == "firing")
            .then_some(())
    });

    // A service that is gone is noticed, and what it said last does not stay for ever; that takes
    // longer than anybody wants to wait here.
    drop(service);
    prometheus.answer("sum(ml_exporter_scrape_errors_total) > 0");
}

/// An ML service with one model, on a thread of its own until it is dropped.
struct Service {
    address: SocketAddr,
    model: Arc<Mutex<Model>>,
}

#[derive(Debug)]
struct Model {
    accuracy: f64,
    drift: f64,
    failures: u32,
    /// How many predictions took how long.
    inferences: Vec<(u32, f64)>,
    over: bool,
}

impl Service {
    fn start() -> Service {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has one");
        let model = Arc::new(Mutex::new(Model {
            accuracy: 0.93,
            drift: 0.1,
            failures: 0,
            inferences: vec![(5, 0.02)],
            over: false,
        }));
        let shown = Arc::clone(&model);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let model = shown.lock().expect("no test panics with it");
                if model.over {
                    return;
                }
                // Who hangs up early is not ours to judge.
                let _ = answer(connection, &model.exposition());
            }
        });
        Service { address, model }
    }

    fn change(&self, how: impl FnOnce(&mut Model)) {
        how(&mut self.model.lock().expect("no test panics with it"));
    }

    /// So many predictions that took so many seconds each.
    fn serves(&self, predictions: u32, seconds: f64) {
        self.change(|model| model.inferences.push((predictions, seconds)));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.change(|model| model.over = true);
        // Its thread waits for one more visitor.
        let _ = TcpStream::connect(self.address);
    }
}

impl Model {
    fn exposition(&self) -> String {
        let served: u32 = self.inferences.iter().map(|(count, _)| count).sum();
        let mut text = format!(
            "ml_model_accuracy{{{MODEL}}} {}\nml_model_precision{{{MODEL}}} 0.9\n\
             ml_model_recall{{{MODEL}}} 0.88\nml_model_f1_score{{{MODEL}}} 0.89\n\
             ml_data_drift_score{{model_name=\"classifier\",dataset=\"production\"}} {}\n\
             ml_training_failures_total{{{MODEL},error_type=\"data_error\"}} {}\n\
             ml_predictions_total{{{MODEL},status=\"success\"}} {served}\n",
            self.accuracy, self.drift, self.failures
        );
        histogram(
            &mut text,
            "ml_inference_duration_seconds",
            buckets::INFERENCE,
            &self.inferences,
        );
        histogram(
            &mut text,
            "ml_training_duration_seconds",
            buckets::TRAINING,
            &[(2, 120.0)],
        );
        text
    }
}

fn histogram(text: &mut String, name: &str, bounds: &[f64], observed: &[(u32, f64)]) {
    let up_to = |bound: f64| -> u32 {
        let within = observed.iter().filter(|(_, seconds)| *seconds <= bound);
        within.map(|(count, _)| count).sum()
    };
    for bound in bounds {
        let _ = writeln!(
            text,
            "{name}_bucket{{{MODEL},le=\"{bound}\"}} {}",
            up_to(*bound)
        );
    }
    let all = up_to(f64::INFINITY);
    let sum: f64 = observed
        .iter()
        .map(|(count, seconds)| f64::from(*count) * seconds)
        .sum();
    let _ = writeln!(
        text,
        "{name}_bucket{{{MODEL},le=\"+Inf\"}} {all}\n{name}_sum{{{MODEL}}} {sum}\n{name}_count{{{MODEL}}} {all}"
    );
}

fn answer(mut connection: TcpStream, body: &str) -> std::io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut request = [0; 4096];
    let _ = connection.read(&mut request)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(answer.as_bytes())
}
