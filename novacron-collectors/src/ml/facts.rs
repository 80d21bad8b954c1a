//! What an answer says, as the families of the catalog.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use novacron_telemetry::catalog::MlMetrics;
use novacron_telemetry::catalog::ml::{
    DatasetLabels, DeploymentLabels, DriftLabels, Environment, ImportanceLabels, LossLabels,
    ModelErrorLabels, ModelGpuLabels, ModelLabels, ModelNameLabels, PipelineLabels,
    PipelinePartLabels, PredictionLabels, TrainingRunLabels, WorkflowErrorLabels,
    WorkflowRunLabels, WorkflowStageLabels,
};
use novacron_telemetry::metric::Descriptor;

use super::labels::{FromTexts, Texts};
use super::sample::{Sample, number};

/// Observations by bucket, the last one being above all bounds, and their sum.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) counts: Vec<u64>,
    pub(super) sum: f64,
}

/// The series of a family, in the order in which the service names them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series<L: Eq + Hash, T> {
    values: Vec<(L, T)>,
    places: HashMap<L, usize>,
}

impl<L: Clone + Eq + Hash, T> Series<L, T> {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&L, &T)> {
        self.values.iter().map(|(labels, value)| (labels, value))
    }

    /// Adds a series; if there is one of its labels, `merge` says what becomes of it.
    fn take(&mut self, labels: L, value: T, merge: impl FnOnce(&mut T, T)) {
        match self.places.entry(labels) {
            Entry::Occupied(place) => merge(&mut self.values[*place.get()].1, value),
            Entry::Vacant(place) => {
                self.values.push((place.key().clone(), value));
                place.insert(self.values.len() - 1);
            }
        }
    }
}

impl<L: Eq + Hash, T> Default for Series<L, T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            places: HashMap::new(),
        }
    }
}

/// Calls a macro with every family that the service may speak of, by kind.
macro_rules! families {
    ($then:ident) => {
        $then! {
            gauges {
                model_accuracy: ModelLabels,
                model_precision: ModelLabels,
                model_recall: ModelLabels,
                model_f1_score: ModelLabels,
                model_loss: LossLabels,
                model_memory_bytes: ModelLabels,
                model_cpu_usage_percent: ModelLabels,
                model_gpu_usage_percent: ModelGpuLabels,
                model_status: ModelLabels,
                model_uptime_seconds: ModelLabels,
                model_versions: ModelNameLabels,
                model_deployments_active: DeploymentLabels,
                data_drift_score: DriftLabels,
                data_quality_score: DatasetLabels,
                feature_importance: ImportanceLabels,
                pipeline_health_status: PipelinePartLabels,
                workflow_success_ratio: WorkflowStageLabels,
            }
            counters {
                training_runs_total: TrainingRunLabels,
                training_failures_total: ModelErrorLabels,
                predictions_total: PredictionLabels,
                prediction_errors_total: ModelErrorLabels,
                workflow_stage_runs_total: WorkflowRunLabels,
                workflow_failures_total: WorkflowErrorLabels,
                data_pipeline_failures_total: PipelineLabels,
            }
            histograms {
                training_duration_seconds: ModelLabels = TRAINING_DURATION_SECONDS,
                inference_duration_seconds: ModelLabels = INFERENCE_DURATION_SECONDS,
                workflow_stage_duration_seconds: WorkflowStageLabels = WORKFLOW_STAGE_DURATION_SECONDS,
            }
        }
    };
}
pub(super) use families;

macro_rules! facts {
    (
        gauges { $($gauge:ident: $gauge_labels:ident,)* }
        counters { $($counter:ident: $counter_labels:ident,)* }
        histograms { $($histogram:ident: $histogram_labels:ident = $descriptor:ident,)* }
    ) => {
        /// Each family with its series.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(super) struct Facts {
            $(pub(super) $gauge: Series<$gauge_labels, f64>,)*
            $(pub(super) $counter: Series<$counter_labels, u64>,)*
            $(pub(super) $histogram: Series<$histogram_labels, Counted>,)*
        }

        impl Facts {
            /// Takes a value of the family of this field; `None` if there is none.
            fn value(&mut self, field: &str, texts: &Texts<'_>, value: f64) -> Option<Taken> {
                Some(match field {
                    $(stringify!($gauge) => gauge(&mut self.$gauge, texts, value),)*
                    $(stringify!($counter) => counter(&mut self.$counter, texts, value),)*
                    $(stringify!($histogram) => Err("it is no histogram there"),)*
                    _ => return None,
                })
            }

            fn histogram(&mut self, field: &str, texts: &Texts<'_>, parts: &Parts) -> Taken {
                match field {
                    $(stringify!($histogram) => {
                        let counted = parts.counted(&MlMetrics::$descriptor)?;
                        histogram(&mut self.$histogram, texts, counted)
                    })*
                    _ => Ok(()),
                }
            }
        }

        /// The fields that are histograms.
        const HISTOGRAMS: &[&str] = &[$(stringify!($histogram)),*];
    };
}
families!(facts);

/// Whether a sample was taken, or why not.
type Taken = Result<(), &'static str>;

const LABELS: &str = "a label is missing or unknown";
const NUMBER: &str = "it is no number of its kind";

fn gauge<L: FromTexts + Clone + Eq + Hash>(
    family: &mut Series<L, f64>,
    texts: &Texts<'_>,
    value: f64,
) -> Taken {
    let labels = L::from_texts(texts).ok_or(LABELS)?;
    if !value.is_finite() {
        return Err(NUMBER);
    }
    family.take(labels, value, |_, _| {});
    Ok(())
}

fn counter<L: FromTexts + Clone + Eq + Hash>(
    family: &mut Series<L, u64>,
    texts: &Texts<'_>,
    value: f64,
) -> Taken {
    let labels = L::from_texts(texts).ok_or(LABELS)?;
    let value = whole(value).ok_or(NUMBER)?;
    family.take(labels, value, |total, more| {
        *total = total.saturating_add(more);
    });
    Ok(())
}

fn histogram<L: FromTexts + Clone + Eq + Hash>(
    family: &mut Series<L, Counted>,
    texts: &Texts<'_>,
    counted: Counted,
) -> Taken {
    let labels = L::from_texts(texts).ok_or(LABELS)?;
    family.take(labels, counted, |total, more| {
        for (total, more) in total.counts.iter_mut().zip(more.counts) {
            *total = total.saturating_add(more);
        }
        total.sum += more.sum;
    });
    Ok(())
}

/// A count, which a `f64` holds exactly.
fn whole(value: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    ((0.0..=EXACT).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}

/// The samples of one histogram.
#[derive(Debug, Default)]
struct Parts {
    /// Upper bounds, and how many observations were not above them.
    buckets: Vec<(f64, f64)>,
    sum: Option<f64>,
}

impl Parts {
    /// The observations in our own buckets.
    fn counted(&self, family: &Descriptor) -> Result<Counted, &'static str> {
        let sum = self.sum.filter(|sum| *sum >= 0.0 && sum.is_finite());
        let mut counted = Counted {
            counts: Vec::new(),
            sum: sum.ok_or("its sum is missing or no sum")?,
        };
        let mut below = 0;
        for bound in family.buckets.iter().copied().chain([f64::INFINITY]) {
            let mut buckets = self.buckets.iter();
            let (_, count) = buckets
                .find(|(upper, _)| *upper == bound)
                .ok_or("it lacks one of our bounds")?;
            let count = whole(*count).ok_or(NUMBER)?;
            counted
                .counts
                .push(count.checked_sub(below).ok_or("its buckets do not rise")?);
            below = count;
        }
        Ok(counted)
    }
}

/// Labels, sorted.
type Pairs = Vec<(String, String)>;

/// What samples say, and what was left out of them, by name.
pub(super) fn facts(
    samples: &[Sample],
    environment: Environment,
) -> (Facts, BTreeMap<String, &'static str>) {
    let mut facts = Facts::default();
    let mut left_out = BTreeMap::new();
    let mut histograms = BTreeMap::<(&str, Pairs), Parts>::new();
    for Sample {
        name,
        labels,
        value,
    } in samples
    {
        let Some(field) = field(name) else {
            continue;
        };
        let part = ["_bucket", "_sum", "_count"]
            .into_iter()
            .find_map(|suffix| {
                let base = field.strip_suffix(suffix)?;
                HISTOGRAMS.contains(&base).then_some((base, suffix))
            });
        let taken = match part {
            Some((base, suffix)) => {
                let mut labels = labels.clone();
                let at = labels.iter().position(|(label, _)| label == "le");
                let bound = at.map(|at| labels.remove(at).1);
                labels.sort();
                let parts = histograms.entry((base, labels)).or_default();
                match (suffix, bound.as_deref().map(number)) {
                    ("_bucket", Some(Some(bound))) => {
                        parts.buckets.push((bound, *value));
                        Ok(())
                    }
                    ("_bucket", _) => Err("a bucket without its bound"),
                    ("_sum", _) => {
                        parts.sum = Some(*value);
                        Ok(())
                    }
                    // It is the last bucket's.
                    _ => Ok(()),
                }
            }
            None => {
                let texts = Texts {
                    labels,
                    environment,
                };
                facts.value(field, &texts, *value).unwrap_or(Ok(()))
            }
        };
        if let Err(why) = taken {
            left_out.insert(name.clone(), why);
        }
    }
    for ((field, labels), parts) in &histograms {
        let texts = Texts {
            labels,
            environment,
        };
        if let Err(why) = facts.histogram(field, &texts, parts) {
            left_out.insert(format!("ml_{field}"), why);
        }
    }
    (facts, left_out)
}

/// The field of a family by one of its documented names.
fn field(name: &str) -> Option<&str> {
    let name = name.strip_prefix("novacron_").unwrap_or(name);
    Some(match name.strip_prefix("mle_star_") {
        Some("workflow_success_rate") => "workflow_success_ratio",
        Some("workflow_failures_total") => "workflow_failures_total",
        Some("stage_duration_seconds_bucket") => "workflow_stage_duration_seconds_bucket",
        Some("stage_duration_seconds_sum") => "workflow_stage_duration_seconds_sum",
        Some(_) => return None,
        None => name.strip_prefix("ml_")?,
    })
}
