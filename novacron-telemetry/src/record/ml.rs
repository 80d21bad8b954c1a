//! Models: their quality, training, inference and what they use.

use super::Recorder;
use super::current::with_current;
use crate::catalog::JobEnd;
use crate::catalog::ml::{
    DatasetLabelsRef, DeploymentLabelsRef, DriftLabelsRef, Environment, ImportanceLabelsRef,
    LossLabelsRef, LossType, MlError, ModelErrorLabelsRef, ModelGpuLabelsRef, ModelLabelsRef,
    ModelNameLabelsRef, PredictionLabelsRef, PredictionStatus, TrainingRunLabelsRef,
};
use crate::metric::Seconds;

/// Which model: its name, its version, and where it runs (`production`, `staging`, `development`,
/// `test`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelRef<'a> {
    name: &'a str,
    version: &'a str,
    environment: &'a str,
}

impl<'a> ModelRef<'a> {
    /// This version of this model, where it runs.
    #[must_use]
    pub const fn new(name: &'a str, version: &'a str, environment: &'a str) -> Self {
        Self {
            name,
            version,
            environment,
        }
    }
}

fn with_model(model: ModelRef<'_>, f: impl FnOnce(&Recorder, &ModelLabelsRef<'_>)) {
    with_current(|recorder| {
        if let Some(environment) = recorder.known(Environment::parse(model.environment)) {
            let labels = ModelLabelsRef {
                model_name: model.name,
                version: model.version,
                environment,
            };
            f(recorder, &labels);
        }
    });
}

/// How good a model is, each 0 to 1. What is not known stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelQuality {
    /// The share of right answers.
    pub accuracy: Option<f64>,
    /// The share of right answers among those it gave.
    pub precision: Option<f64>,
    /// The share of right answers that it found.
    pub recall: Option<f64>,
    /// The harmonic mean of precision and recall.
    pub f1_score: Option<f64>,
}

/// How good a model is.
///
/// ```
/// use novacron_telemetry::record::{ModelQuality, ModelRef, update_model_quality};
///
/// let quality = ModelQuality { accuracy: Some(0.93), ..ModelQuality::default() };
/// update_model_quality(ModelRef::new("placement", "7", "production"), quality);
/// ```
pub fn update_model_quality(model: ModelRef<'_>, quality: ModelQuality) {
    with_model(model, |recorder, labels| {
        let ml = &recorder.catalog().ml;
        let row = ml.model_accuracy.row(labels);
        for (gauge, value) in [
            (&ml.model_accuracy, quality.accuracy),
            (&ml.model_precision, quality.precision),
            (&ml.model_recall, quality.recall),
            (&ml.model_f1_score, quality.f1_score),
        ] {
            if let Some(value) = value {
                gauge.set_at(row, value);
            }
        }
    });
}

/// The `training` or `validation` loss of a model.
///
/// ```
/// use novacron_telemetry::record::{ModelRef, update_model_loss};
///
/// update_model_loss(ModelRef::new("placement", "7", "staging"), "validation", 0.21);
/// ```
pub fn update_model_loss(model: ModelRef<'_>, data: &str, loss: f64) {
    with_model(model, |recorder, labels| {
        if let Some(r#type) = recorder.known(LossType::parse(data)) {
            let ModelLabelsRef {
                model_name,
                version,
                environment,
            } = *labels;
            recorder.catalog().ml.model_loss.set(
                &LossLabelsRef {
                    model_name,
                    version,
                    environment,
                    r#type,
                },
                loss,
            );
        }
    });
}

/// A training run is over: `completed`, `failed` or `cancelled`. If it failed, `error_type` says
/// why (`data_error`, `timeout` and so on), else it is `""`.
///
/// ```
/// use novacron_telemetry::record::{ModelRef, record_training};
///
/// let model = ModelRef::new("placement", "8", "development");
/// record_training(model, "completed", "", 5400.0);
/// record_training(model, "failed", "resource_error", 12.0);
/// ```
pub fn record_training(
    model: ModelRef<'_>,
    status: &str,
    error_type: &str,
    duration: impl Into<Seconds>,
) {
    let (status, duration) = (JobEnd::from(status), duration.into());
    with_model(model, |recorder, labels| {
        let ml = &recorder.catalog().ml;
        let ModelLabelsRef {
            model_name,
            version,
            environment,
        } = *labels;
        let run = |status| TrainingRunLabelsRef { model_name, status };
        let ends = JobEnd::ALL.iter().copied().map(run);
        ml.training_runs_total.inc_among(&run(status), ends);
        ml.training_duration_seconds.observe(labels, duration);
        if status == JobEnd::Failed {
            ml.training_failures_total.inc(&ModelErrorLabelsRef {
                model_name,
                version,
                environment,
                error_type: MlError::from(error_type),
            });
        }
    });
}

/// A model was asked and answered (`error_type` is `""`), or failed for this reason.
///
/// ```
/// use novacron_telemetry::record::{ModelRef, record_inference};
///
/// let model = ModelRef::new("placement", "7", "production");
/// record_inference(model, "", 0.004);
/// record_inference(model, "timeout", 1.0);
/// ```
pub fn record_inference(model: ModelRef<'_>, error_type: &str, duration: impl Into<Seconds>) {
    let duration = duration.into();
    with_model(model, |recorder, labels| {
        let ml = &recorder.catalog().ml;
        let ModelLabelsRef {
            model_name,
            version,
            environment,
        } = *labels;
        let answer = |status| PredictionLabelsRef {
            model_name,
            version,
            environment,
            status,
        };
        let status = match error_type {
            "" => PredictionStatus::Success,
            error_type => {
                ml.prediction_errors_total.inc(&ModelErrorLabelsRef {
                    model_name,
                    version,
                    environment,
                    error_type: MlError::from(error_type),
                });
                PredictionStatus::Error
            }
        };
        let both = PredictionStatus::ALL.iter().copied().map(answer);
        ml.predictions_total.inc_among(&answer(status), both);
        ml.inference_duration_seconds.observe(labels, duration);
    });
}

/// What a model uses: bytes of memory, and percent of one core.
///
/// ```
/// use novacron_telemetry::record::{ModelRef, update_model_resources};
///
/// update_model_resources(ModelRef::new("placement", "7", "production"), 2 << 30, 140.0);
/// ```
pub fn update_model_resources(model: ModelRef<'_>, memory_bytes: u64, cpu_percent: f64) {
    with_model(model, |recorder, labels| {
        let ml = &recorder.catalog().ml;
        let row = ml.model_memory_bytes.row(labels);
        ml.model_memory_bytes.set_at(row, memory_bytes as f64);
        ml.model_cpu_usage_percent.set_at(row, cpu_percent);
    });
}

/// The share of a GPU that a model uses, 0 to 100.
///
/// ```
/// use novacron_telemetry::record::{ModelRef, update_model_gpu};
///
/// update_model_gpu(ModelRef::new("placement", "7", "production"), "0", 60.0);
/// ```
pub fn update_model_gpu(model: ModelRef<'_>, gpu: &str, percent: f64) {
    with_model(model, |recorder, labels| {
        let ModelLabelsRef {
            model_name,
            version,
            environment,
        } = *labels;
        let labels = ModelGpuLabelsRef {
            model_name,
            version,
            environment,
            gpu_id: gpu,
        };
        recorder
            .catalog()
            .ml
            .model_gpu_usage_percent
            .set(&labels, percent);
    });
}

/// The state of a model (`stopped`, `training`, `serving` or `failed`), and for how long it has
/// been serving.
///
/// ```
/// use novacron_telemetry::record::{ModelRef, update_model_status};
///
/// update_model_status(ModelRef::new("placement", "7", "production"), "serving", 86_400.0);
/// ```
pub fn update_model_status(model: ModelRef<'_>, status: &str, serving: impl Into<Seconds>) {
    let serving = serving.into().get();
    let status = match status {
        "stopped" => Some(0.0),
        "training" => Some(1.0),
        "serving" => Some(2.0),
        "failed" => Some(3.0),
        _ => None,
    };
    with_model(model, |recorder, labels| {
        if let Some(status) = recorder.known(status) {
            let ml = &recorder.catalog().ml;
            let row = ml.model_status.row(labels);
            ml.model_status.set_at(row, status);
            ml.model_uptime_seconds.set_at(row, serving);
        }
    });
}

/// How many versions of a model the registry keeps.
///
/// ```
/// novacron_telemetry::record::update_model_versions("placement", 9);
/// ```
pub fn update_model_versions(model: &str, versions: u64) {
    with_current(|recorder| {
        let gauge = &recorder.catalog().ml.model_versions;
        gauge.set(&ModelNameLabelsRef { model_name: model }, versions as f64);
    });
}

/// How many deployments serve a model in an environment.
///
/// ```
/// novacron_telemetry::record::update_model_deployments("placement", "production", 3);
/// ```
pub fn update_model_deployments(model: &str, environment: &str, deployments: u64) {
    with_current(|recorder| {
        if let Some(environment) = recorder.known(Environment::parse(environment)) {
            let gauge = &recorder.catalog().ml.model_deployments_active;
            let labels = DeploymentLabelsRef {
                model_name: model,
                environment,
            };
            gauge.set(&labels, deployments as f64);
        }
    });
}

/// How far a feature of a dataset has drifted from what a model was trained on, 0 to 1; the feature
/// `overall` is all together.
///
/// ```
/// novacron_telemetry::record::update_data_drift("placement", "requests", "overall", 0.12);
/// ```
pub fn update_data_drift(model: &str, dataset: &str, feature: &str, score: f64) {
    with_current(|recorder| {
        let labels = DriftLabelsRef {
            model_name: model,
            dataset,
            feature,
        };
        recorder.catalog().ml.data_drift_score.set(&labels, score);
    });
}

/// How much a feature matters to a model.
///
/// ```
/// novacron_telemetry::record::update_feature_importance("placement", "7", "free_memory", 0.4);
/// ```
pub fn update_feature_importance(model: &str, version: &str, feature: &str, importance: f64) {
    with_current(|recorder| {
        let labels = ImportanceLabelsRef {
            model_name: model,
            version,
            feature_name: feature,
        };
        recorder
            .catalog()
            .ml
            .feature_importance
            .set(&labels, importance);
    });
}

/// How good a dataset is, 0 to 1.
///
/// ```
/// novacron_telemetry::record::update_data_quality("requests", 0.98);
/// ```
pub fn update_data_quality(dataset: &str, score: f64) {
    with_current(|recorder| {
        let gauge = &recorder.catalog().ml.data_quality_score;
        gauge.set(&DatasetLabelsRef { dataset }, score);
    });
}
