//! The exporter of models: asks an ML service, and shows what it says to Prometheus.
//!
//!     ML_MODEL_ENDPOINT=http://ml-service:8000 EXPORT_PORT=9200 SCRAPE_INTERVAL=30 \
//!         cargo run -p novacron-collectors --features exporter --example ml_exporter
//!     curl http://127.0.0.1:9200/metrics

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program talks to its terminal"
)]

use std::process::ExitCode;

use novacron_collectors::ml::{MlCollector, MlSettings, MlVariables};
use novacron_telemetry::collect::Schedule;
use novacron_telemetry::expose::ListenerOptions;
use novacron_telemetry::registry::{Groups, Profile};
use novacron_telemetry::{Result, Telemetry};

fn main() -> ExitCode {
    let variables = match MlVariables::read(|name| std::env::var(name).ok()) {
        Ok(variables) => variables,
        Err(why) => {
            eprintln!("ml_exporter: {why}");
            return ExitCode::from(2);
        }
    };
    match run(variables) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("ml_exporter: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(variables: MlVariables) -> Result<std::convert::Infallible> {
    let MlVariables {
        endpoint,
        export_port,
        interval,
    } = variables;
    let telemetry = Telemetry::builder("ml-exporter", env!("CARGO_PKG_VERSION"))
        .groups(Groups::ML | Groups::EXPORTER | Groups::PROCESS | Groups::HEALTH)
        // Dashboards know these as `ml_*`.
        .aliases(Profile::Mle)
        .build()?;
    let settings = MlSettings {
        endpoint: Some(endpoint),
        ..MlSettings::default()
    };
    let schedule = Schedule::every(interval).stale_after(interval * 3);
    telemetry.collect_with(MlCollector::new(settings), schedule)?;
    let listener = telemetry.listen(ListenerOptions::new(([0, 0, 0, 0], export_port)))?;
    println!("http://{}/metrics", listener.local_addr());
    // Everything happens on threads of its own.
    loop {
        std::thread::park();
    }
}
