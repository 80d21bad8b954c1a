//! Models, as the service that runs them describes them.
//!
//! An ML service (`ML_MODEL_ENDPOINT`) is asked over HTTP/1.1 for what it knows of its models, and
//! what it says is shown as the families `novacron_ml_*`. It may answer in two ways.
//!
//! **Prometheus text** (version 0.0.4), under the documented names with or without `novacron_`:
//!
//! ```text
//! ml_model_accuracy{model_name="classifier",version="v1.2"} 0.93
//! ml_predictions_total{model_name="classifier",version="v1.2",status="success"} 1027
//! ml_inference_duration_seconds_bucket{model_name="classifier",version="v1.2",le="0.001"} 12
//! …
//! ```
//!
//! **JSON** (`Content-Type: application/json`), the same in other brackets:
//!
//! ```json
//! {"metrics": [
//!   {"name": "ml_model_accuracy",
//!    "labels": {"model_name": "classifier", "version": "v1.2", "environment": "production"},
//!    "value": 0.93},
//!   {"name": "ml_inference_duration_seconds",
//!    "labels": {"model_name": "classifier", "version": "v1.2"},
//!    "buckets": {"0.001": 12, "0.005": 40, "…": 41, "+Inf": 41}, "sum": 0.31}
//! ]}
//! ```
//!
//! | kind | how it is shown |
//! |---|---|
//! | gauge | as it was read; one that is not in the answer any more is gone |
//! | counter | what it grew by is added; one that fell began anew, and all of it is added |
//! | histogram | the same for each bucket and the sum, if it has at least our bounds ([`buckets`]) |
//!
//! So counters begin with the service's total, and go on rising when the service starts over. They
//! are this process's own after that: if *it* starts over, they begin with the total again.
//!
//! **Labels.** `environment` is that of the [settings](MlSettings::environment) where the service does
//! not say it; `version` may be missing, and so may `feature` (then `overall`) and `gpu_id`. Labels
//! that the catalog does not know are dropped: counters and histograms that differ in nothing else are
//! added up, and of such gauges the first is shown. What lacks a label or has one of another value,
//! what is no number, and histograms with other buckets are left out, and the run is *partial*.
//! Families of other names are none of ours and are passed over.
//!
//! **Failure.** An answer that is late, too large (4 MiB, 20 000 samples), not 200 or malformed
//! changes no value; values are shown until they are 90 s old. Each attempt is observed in
//! `novacron_ml_exporter_scrape_duration_seconds`, and failures are counted in
//! `novacron_ml_exporter_scrape_errors_total`: `timeout`, `infrastructure` (not reached, or a status
//! other than 200), `data_error` (not understood), `resource_error` (too large). Where no service is
//! named nothing is asked, and the collector is *absent*.
//!
//! **The verbs of the group** (`update_model_quality` …) write the same families. A process that calls
//! them for its own models should not read another service's as well: gauges that the service does not
//! name would be taken away.
//!
//! **Privileges.** None. There is no TLS: an `https` endpoint is refused.
//!
//! **Variables.** [`MlVariables`] reads `ML_MODEL_ENDPOINT`, `EXPORT_PORT` and `SCRAPE_INTERVAL` for a
//! program that is nothing but this exporter; `examples/ml_exporter.rs` is one. `nova-metrics` takes
//! the endpoint from `[collectors.ml]` or `ML_MODEL_ENDPOINT`, its interval from `[collectors.ml]`, and
//! its port from `[metrics]`.
//!
//! ```
//! use novacron_collectors::ml::{MlCollector, MlSettings};
//! use novacron_telemetry::Telemetry;
//!
//! let telemetry = Telemetry::builder("ml-exporter", "1.0.0").build()?;
//! let settings = MlSettings {
//!     endpoint: Some("http://127.0.0.1:1".into()),
//!     ..MlSettings::default()
//! };
//! telemetry.collect(MlCollector::new(settings))?;
//! # telemetry.shutdown_blocking(std::time::Duration::from_secs(5))?;
//! # Ok::<(), novacron_telemetry::Error>(())
//! ```
//!
//! [`buckets`]: novacron_telemetry::metric::buckets

mod collector;
mod endpoint;
mod facts;
mod json;
mod labels;
mod publish;
mod sample;
mod settings;
mod text;
mod totals;

pub use collector::{MlCollector, MlReading};
pub use settings::{MlSettings, MlVariables};
