//! Labels of samples, as the catalog's.

use novacron_telemetry::catalog::JobEnd;
use novacron_telemetry::catalog::ml::{
    DatasetLabels, DeploymentLabels, DriftLabels, Environment, ImportanceLabels, LossLabels,
    LossType, MlComponent, MlError, ModelErrorLabels, ModelGpuLabels, ModelLabels, ModelNameLabels,
    PipelineLabels, PipelinePartLabels, PredictionLabels, PredictionStatus, TrainingRunLabels,
    WorkflowErrorLabels, WorkflowRunLabels, WorkflowStageLabels,
};

/// The labels of one sample, and what holds where they are silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts<'a> {
    pub(super) labels: &'a [(String, String)],
    pub(super) environment: Environment,
}

impl<'a> Texts<'a> {
    /// A label that is empty is one that is not there.
    fn get(&self, name: &str) -> Option<&'a str> {
        // A field that is called as a keyword is.
        let name = name.trim_start_matches("r#");
        let (_, text) = self.labels.iter().find(|(label, _)| label == name)?;
        (!text.is_empty()).then_some(text)
    }
}

/// A label set that can be made of a sample's labels.
pub(super) trait FromTexts: Sized {
    /// `None` if a label is missing, or has a value that the catalog does not know.
    fn from_texts(texts: &Texts<'_>) -> Option<Self>;
}

/// The text of a label that must be there.
fn needed<T: for<'a> From<&'a str>>(texts: &Texts<'_>, name: &str) -> Option<T> {
    texts.get(name).map(T::from)
}

/// The text of a label that may be missing.
fn maybe<T: for<'a> From<&'a str>>(texts: &Texts<'_>, name: &str) -> Option<T> {
    Some(T::from(texts.get(name).unwrap_or_default()))
}

/// Which feature: all together, unless it is said.
fn feature<T: for<'a> From<&'a str>>(texts: &Texts<'_>, name: &str) -> Option<T> {
    Some(T::from(texts.get(name).unwrap_or("overall")))
}

fn place(texts: &Texts<'_>, name: &str) -> Option<Environment> {
    texts
        .get(name)
        .map_or(Some(texts.environment), Environment::parse)
}

fn data(texts: &Texts<'_>, name: &str) -> Option<LossType> {
    LossType::parse(texts.get(name)?)
}

fn part(texts: &Texts<'_>, name: &str) -> Option<MlComponent> {
    MlComponent::parse(texts.get(name)?)
}

macro_rules! from_texts {
    ($($set:ident { $($field:ident: $how:ident),* $(,)? })*) => {$(
        impl FromTexts for $set {
            fn from_texts(texts: &Texts<'_>) -> Option<Self> {
                Some(Self { $($field: $how(texts, stringify!($field))?),* })
            }
        }
    )*};
}

from_texts! {
    ModelLabels { model_name: needed, version: maybe, environment: place }
    LossLabels { model_name: needed, version: maybe, environment: place, r#type: data }
    ModelErrorLabels { model_name: needed, version: maybe, environment: place, error_type: why }
    TrainingRunLabels { model_name: needed, status: end }
    PredictionLabels { model_name: needed, version: maybe, environment: place, status: answer }
    DriftLabels { model_name: needed, dataset: needed, feature: feature }
    ImportanceLabels { model_name: needed, version: maybe, feature_name: needed }
    DatasetLabels { dataset: needed }
    ModelGpuLabels { model_name: needed, version: maybe, environment: place, gpu_id: maybe }
    ModelNameLabels { model_name: needed }
    DeploymentLabels { model_name: needed, environment: place }
    PipelinePartLabels { pipeline_name: needed, component: part }
    WorkflowStageLabels { workflow_name: needed, stage: needed }
    WorkflowRunLabels { workflow_name: needed, stage: needed, status: end }
    WorkflowErrorLabels { workflow_name: needed, stage: needed, error_type: why }
    PipelineLabels { pipeline_name: needed }
}

fn why(texts: &Texts<'_>, name: &str) -> Option<MlError> {
    texts.get(name).map(MlError::from)
}

fn end(texts: &Texts<'_>, name: &str) -> Option<JobEnd> {
    JobEnd::parse(texts.get(name)?)
}

fn answer(texts: &Texts<'_>, name: &str) -> Option<PredictionStatus> {
    PredictionStatus::parse(texts.get(name)?)
}
