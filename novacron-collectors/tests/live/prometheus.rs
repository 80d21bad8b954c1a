//! A real Prometheus that scrapes `nova-metrics` every second.

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::exporter::free_address;
use crate::lab::{Lab, wait_for};
use crate::scrape;

/// A running Prometheus; stopped, and its data removed, at the end of the test.
pub(crate) struct Prometheus {
    child: Child,
    address: SocketAddr,
    folder: std::path::PathBuf,
}

/// One series of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    labels: Value,
    pub(crate) value: f64,
}

impl Series {
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels[name].as_str().unwrap_or_default()
    }
}

impl Prometheus {
    /// Starts it with these rules on these targets: job and address.
    #[track_caller]
    pub(crate) fn start(lab: &Lab, targets: &[(&str, SocketAddr)], rules: &str) -> Prometheus {
        let folder = lab.folder().join("prometheus");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the lab's folder can be written");
        let mut config = String::from(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n\
             rule_files: [rules.yml]\nscrape_configs:\n",
        );
        for (job, address) in targets {
            config +=
                &format!("- job_name: {job}\n  static_configs: [{{targets: ['{address}']}}]\n");
        }
        let write = |name: &str, text: &str| {
            fs::write(folder.join(name), text).expect("the lab's folder can be written");
        };
        write("prometheus.yml", &config);
        write("rules.yml", rules);
        let address = free_address();
        let log = fs::File::create(folder.join("log")).expect("the lab's folder can be written");
        let child = Command::new("prometheus")
            .current_dir(&folder)
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus starts");
        let prometheus = Prometheus {
            child,
            address,
            folder,
        };
        wait_for("prometheus is ready", Duration::from_secs(30), || {
            let answer = scrape::get(address, "/-/ready").ok()?;
            (answer.status == 200).then_some(())
        });
        prometheus
    }

    /// An instant query.
    ///
    /// # Errors
    ///
    /// What Prometheus says of an expression that it cannot evaluate.
    pub(crate) fn query(&self, expression: &str) -> Result<Vec<Series>, String> {
        let answer = self.api(&format!("query?query={}", escaped(expression)))?;
        let result = answer["result"].as_array().cloned().unwrap_or_default();
        Ok(result
            .into_iter()
            .map(|series| Series {
                value: series["value"][1]
                    .as_str()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(f64::NAN),
                labels: series["metric"].clone(),
            })
            .collect())
    }

    /// Waits until an expression has an answer.
    #[track_caller]
    pub(crate) fn answer(&self, expression: &str) -> Vec<Series> {
        wait_for(
            &format!("data for {expression}"),
            Duration::from_secs(30),
            || {
                let series = self
                    .query(expression)
                    .unwrap_or_else(|why| panic!("{expression}: {why}"));
                (!series.is_empty()).then_some(series)
            },
        )
    }

    /// Every alert rule: its name, how its last evaluation went, its state.
    #[track_caller]
    pub(crate) fn alerts(&self) -> Vec<(String, String, String)> {
        let answer = self.api("rules?type=alert").expect("prometheus answers");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        answer["groups"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default())
            .map(|rule| {
                let health = format!("{} {}", text(&rule["health"]), text(&rule["lastError"]));
                (
                    text(&rule["name"]),
                    health.trim().to_owned(),
                    text(&rule["state"]),
                )
            })
            .collect()
    }

    fn api(&self, path: &str) -> Result<Value, String> {
        let answer = scrape::get(self.address, &format!("/api/v1/{path}"))?;
        let mut json: Value = serde_json::from_str(&answer.body).map_err(|why| why.to_string())?;
        if json["status"] == "success" {
            Ok(json["data"].take())
        } else {
            Err(json["error"].as_str().unwrap_or(&answer.body).to_owned())
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// For the query part of a URL.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
