//! Models, training, inference, data, workflows.

use std::sync::Arc;

use super::labels::{GpuId, JobEnd};
use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, buckets};
use crate::registry::MetricGroup;

/// Models, training, inference, data and workflows.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron_ml", writer = Verb("update_model_quality"))]
pub struct MlMetrics {
    /// Model accuracy, 0 to 1.
    #[metric(unit = "ratio", joined)]
    pub model_accuracy: Family<ModelLabels, Gauge>,

    /// Model precision, 0 to 1.
    #[metric(unit = "ratio", joined)]
    pub model_precision: Family<ModelLabels, Gauge>,

    /// Model recall, 0 to 1.
    #[metric(unit = "ratio", joined)]
    pub model_recall: Family<ModelLabels, Gauge>,

    /// Model F1 score, 0 to 1.
    #[metric(unit = "ratio", joined)]
    pub model_f1_score: Family<ModelLabels, Gauge>,

    /// Training or validation loss.
    #[metric(unit = "loss", writer = Verb("update_model_loss"))]
    pub model_loss: Family<LossLabels, Gauge>,

    /// Duration of training runs.
    #[metric(unit = Seconds, buckets = buckets::TRAINING, writer = Verb("record_training"))]
    pub training_duration_seconds: Family<ModelLabels, Histogram>,

    /// Training runs that failed.
    #[metric(unit = "failures", writer = Verb("record_training"))]
    pub training_failures_total: Family<ModelErrorLabels, Counter>,

    /// Training runs finished, for the success-rate panel.
    #[metric(unit = "runs", writer = Verb("record_training"))]
    pub training_runs_total: Family<TrainingRunLabels, Counter>,

    /// Inference latency.
    #[metric(unit = Seconds, buckets = buckets::INFERENCE, writer = Verb("record_inference"))]
    pub inference_duration_seconds: Family<ModelLabels, Histogram>,

    /// Predictions served.
    #[metric(unit = "predictions", writer = Verb("record_inference"))]
    pub predictions_total: Family<PredictionLabels, Counter>,

    /// Predictions that failed.
    #[metric(unit = "errors", writer = Verb("record_inference"))]
    pub prediction_errors_total: Family<ModelErrorLabels, Counter>,

    /// Drift score of a dataset, 0 to 1.
    #[metric(unit = "score", writer = Verb("update_data_drift"))]
    pub data_drift_score: Family<DriftLabels, Gauge>,

    /// Importance of a feature.
    #[metric(unit = "score", writer = Verb("update_feature_importance"))]
    pub feature_importance: Family<ImportanceLabels, Gauge>,

    /// Quality score of a dataset, 0 to 1.
    #[metric(unit = "score", writer = Verb("update_data_quality"))]
    pub data_quality_score: Family<DatasetLabels, Gauge>,

    /// Memory used by a model.
    #[metric(unit = Bytes, joined, writer = Verb("update_model_resources"))]
    pub model_memory_bytes: Family<ModelLabels, Gauge>,

    /// CPU used by a model, 0 to 100 per core.
    #[metric(literal = "novacron_ml_model_cpu_usage_percent", reason = "a name of the pipeline that writes it", unit = Percent, joined, writer = Verb("update_model_resources"))]
    pub model_cpu_usage_percent: Family<ModelLabels, Gauge>,

    /// GPU used by a model, 0 to 100.
    #[metric(literal = "novacron_ml_model_gpu_usage_percent", reason = "a name of the pipeline that writes it", unit = Percent, writer = Verb("update_model_gpu"))]
    pub model_gpu_usage_percent: Family<ModelGpuLabels, Gauge>,

    /// Model state: 0 stopped, 1 training, 2 serving, 3 failed.
    #[metric(joined, writer = Verb("update_model_status"))]
    pub model_status: Family<ModelLabels, Gauge>,

    /// Time a model has been serving.
    #[metric(unit = Seconds, joined, writer = Verb("update_model_status"))]
    pub model_uptime_seconds: Family<ModelLabels, Gauge>,

    /// Versions kept in the registry.
    #[metric(unit = "versions", writer = Verb("update_model_versions"))]
    pub model_versions: Family<ModelNameLabels, Gauge>,

    /// Deployments serving a model.
    #[metric(unit = "deployments", writer = Verb("update_model_deployments"))]
    pub model_deployments_active: Family<DeploymentLabels, Gauge>,

    /// 1 while a pipeline part is healthy.
    #[metric(writer = Verb("update_pipeline_health"))]
    pub pipeline_health_status: Family<PipelinePartLabels, Gauge>,

    /// Duration of a workflow stage.
    #[metric(unit = Seconds, buckets = buckets::WORKFLOW, writer = Verb("record_workflow_stage"))]
    pub workflow_stage_duration_seconds: Family<WorkflowStageLabels, Histogram>,

    /// Workflow stage runs finished.
    #[metric(unit = "runs", writer = Verb("record_workflow_stage"))]
    pub workflow_stage_runs_total: Family<WorkflowRunLabels, Counter>,

    /// Workflow failures.
    #[metric(unit = "failures", writer = Verb("record_workflow_stage"))]
    pub workflow_failures_total: Family<WorkflowErrorLabels, Counter>,

    /// Success share per stage, 0 to 1.
    #[metric(unit = Ratio, writer = Verb("update_workflow_success"))]
    pub workflow_success_ratio: Family<WorkflowStageLabels, Gauge>,

    /// Data pipeline failures.
    #[metric(unit = "failures", writer = Verb("record_data_pipeline_failure"))]
    pub data_pipeline_failures_total: Family<PipelineLabels, Counter>,

    /// Time to read the ML service.
    #[metric(unit = Seconds, buckets = buckets::SCRAPE, writer = Verb("record_ml_scrape"))]
    pub exporter_scrape_duration_seconds: Histogram,

    /// Failed reads of the ML service.
    #[metric(unit = "errors", writer = Verb("record_ml_scrape"))]
    pub exporter_scrape_errors_total: Family<MlErrorLabels, Counter>,
}

/// Which model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ModelLabels {
    pub model_name: Model,
    pub version: ModelVersion,
    pub environment: Environment,
}

/// Which model, and on which data.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct LossLabels {
    pub model_name: Model,
    pub version: ModelVersion,
    pub environment: Environment,
    pub r#type: LossType,
}

/// Which model failed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ModelErrorLabels {
    pub model_name: Model,
    pub version: ModelVersion,
    pub environment: Environment,
    pub error_type: MlError,
}

/// How a training run ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct TrainingRunLabels {
    pub model_name: Model,
    pub status: JobEnd,
}

/// Which model was asked, and whether it answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PredictionLabels {
    pub model_name: Model,
    pub version: ModelVersion,
    pub environment: Environment,
    pub status: PredictionStatus,
}

/// Which feature of a dataset drifts, for which model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DriftLabels {
    pub model_name: Model,
    pub dataset: Dataset,
    pub feature: Feature,
}

/// Which feature of a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ImportanceLabels {
    pub model_name: Model,
    pub version: ModelVersion,
    pub feature_name: Feature,
}

/// Which dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DatasetLabels {
    pub dataset: Dataset,
}

/// Which GPU a model uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ModelGpuLabels {
    pub model_name: Model,
    pub version: ModelVersion,
    pub environment: Environment,
    pub gpu_id: GpuId,
}

/// Which model, all versions together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct ModelNameLabels {
    pub model_name: Model,
}

/// Which model, where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct DeploymentLabels {
    pub model_name: Model,
    pub environment: Environment,
}

/// Which part of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PipelinePartLabels {
    pub pipeline_name: Workflow,
    pub component: MlComponent,
}

/// Which stage of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct WorkflowStageLabels {
    pub workflow_name: Workflow,
    pub stage: MlStage,
}

/// How a stage of a workflow ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct WorkflowRunLabels {
    pub workflow_name: Workflow,
    pub stage: MlStage,
    pub status: JobEnd,
}

/// Why a stage of a workflow failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct WorkflowErrorLabels {
    pub workflow_name: Workflow,
    pub stage: MlStage,
    pub error_type: MlError,
}

/// Which pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct PipelineLabels {
    pub pipeline_name: Workflow,
}

/// Why reading failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct MlErrorLabels {
    pub error_type: MlError,
}

/// Name of a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 100)]
pub struct Model(Arc<str>);

/// Version of a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 200)]
pub struct ModelVersion(Arc<str>);

/// Where a model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum Environment {
    Production,
    Staging,
    Development,
    Test,
}

/// Data that a loss was computed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum LossType {
    Training,
    Validation,
}

/// Why a step of the pipeline failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum MlError {
    DataError,
    ResourceError,
    Timeout,
    ConfigError,
    Infrastructure,
    #[label(other)]
    Other,
}

/// Whether a prediction was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum PredictionStatus {
    Success,
    #[label(other)]
    Error,
}

/// Name of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 50)]
pub struct Dataset(Arc<str>);

/// Name of a feature; `overall` for all together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 100)]
pub struct Feature(Arc<str>);

/// Name of a workflow or pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 50)]
pub struct Workflow(Arc<str>);

/// Part of an ML pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum MlComponent {
    Ingestion,
    Training,
    Inference,
    Registry,
    FeatureStore,
    Tracking,
}

/// Name of a workflow stage.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 50)]
pub struct MlStage(Arc<str>);
