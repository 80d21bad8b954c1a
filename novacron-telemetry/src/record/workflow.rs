//! Pipelines and workflows of models.

use super::current::with_current;
use crate::catalog::JobEnd;
use crate::catalog::ml::{
    MlComponent, MlError, MlErrorLabels, PipelineLabelsRef, PipelinePartLabelsRef,
    WorkflowErrorLabelsRef, WorkflowRunLabelsRef, WorkflowStageLabelsRef,
};
use crate::metric::Seconds;

/// Whether a part of a pipeline is healthy: `ingestion`, `training`, `inference`, `registry`,
/// `feature_store` or `tracking`.
///
/// ```
/// novacron_telemetry::record::update_pipeline_health("placement", "feature_store", true);
/// ```
pub fn update_pipeline_health(pipeline: &str, component: &str, healthy: bool) {
    with_current(|recorder| {
        if let Some(component) = recorder.known(MlComponent::parse(component)) {
            let gauge = &recorder.catalog().ml.pipeline_health_status;
            let labels = PipelinePartLabelsRef {
                pipeline_name: pipeline,
                component,
            };
            gauge.set(&labels, f64::from(healthy));
        }
    });
}

/// A stage of a workflow is over: `completed`, `failed` or `cancelled`. If it failed, `error_type`
/// says why, else it is `""`.
///
/// ```
/// use novacron_telemetry::record::record_workflow_stage;
///
/// record_workflow_stage("nightly", "features", "completed", "", 340.0);
/// record_workflow_stage("nightly", "train", "failed", "data_error", 12.0);
/// ```
pub fn record_workflow_stage(
    workflow: &str,
    stage: &str,
    status: &str,
    error_type: &str,
    duration: impl Into<Seconds>,
) {
    let (status, duration) = (JobEnd::from(status), duration.into());
    with_current(|recorder| {
        let ml = &recorder.catalog().ml;
        let workflow_name = workflow;
        let run = |status| WorkflowRunLabelsRef {
            workflow_name,
            stage,
            status,
        };
        let ends = JobEnd::ALL.iter().copied().map(run);
        ml.workflow_stage_runs_total.inc_among(&run(status), ends);
        ml.workflow_stage_duration_seconds.observe(
            &WorkflowStageLabelsRef {
                workflow_name,
                stage,
            },
            duration,
        );
        if status == JobEnd::Failed {
            ml.workflow_failures_total.inc(&WorkflowErrorLabelsRef {
                workflow_name,
                stage,
                error_type: MlError::from(error_type),
            });
        }
    });
}

/// The share of a stage's runs that succeed, 0 to 1.
///
/// ```
/// novacron_telemetry::record::update_workflow_success("nightly", "train", 0.97);
/// ```
pub fn update_workflow_success(workflow: &str, stage: &str, ratio: f64) {
    with_current(|recorder| {
        let gauge = &recorder.catalog().ml.workflow_success_ratio;
        gauge.set(
            &WorkflowStageLabelsRef {
                workflow_name: workflow,
                stage,
            },
            ratio,
        );
    });
}

/// A data pipeline failed.
///
/// ```
/// novacron_telemetry::record::record_data_pipeline_failure("requests");
/// ```
pub fn record_data_pipeline_failure(pipeline: &str) {
    with_current(|recorder| {
        let failures = &recorder.catalog().ml.data_pipeline_failures_total;
        failures.inc(&PipelineLabelsRef {
            pipeline_name: pipeline,
        });
    });
}

/// The ML service was read in this time; if that failed, `error_type` says why, else it is `""`.
///
/// ```
/// novacron_telemetry::record::record_ml_scrape("", 0.2);
/// novacron_telemetry::record::record_ml_scrape("timeout", 5.0);
/// ```
pub fn record_ml_scrape(error_type: &str, duration: impl Into<Seconds>) {
    let duration = duration.into();
    with_current(|recorder| {
        let ml = &recorder.catalog().ml;
        ml.exporter_scrape_duration_seconds.observe(duration);
        if !error_type.is_empty() {
            let error_type = MlError::from(error_type);
            ml.exporter_scrape_errors_total
                .inc(&MlErrorLabels { error_type });
        }
    });
}
