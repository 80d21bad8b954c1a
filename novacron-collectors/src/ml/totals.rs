//! Totals of another process, as counters of this one.

use std::collections::HashMap;
use std::hash::Hash;

use novacron_telemetry::catalog::MlMetrics;
use novacron_telemetry::catalog::ml::{
    ModelErrorLabels, ModelLabels, PipelineLabels, PredictionLabels, TrainingRunLabels,
    WorkflowErrorLabels, WorkflowRunLabels, WorkflowStageLabels,
};
use novacron_telemetry::label::LabelKey;
use novacron_telemetry::label::LabelSet;
use novacron_telemetry::metric::{Counter, Family, Histogram};

use super::facts::{Counted, Facts, Series, families};

/// The most series of one family whose totals are remembered. What is past it is not counted: to
/// forget a total would be to count it again.
const MOST: usize = 20_000;

macro_rules! totals {
    (
        gauges { $($gauge:ident: $gauge_labels:ident,)* }
        counters { $($counter:ident: $counter_labels:ident,)* }
        histograms { $($histogram:ident: $histogram_labels:ident = $descriptor:ident,)* }
    ) => {
        /// What was shown of each total so far.
        #[derive(Debug, Default)]
        pub(super) struct Totals {
            $($counter: HashMap<$counter_labels, u64>,)*
            $($histogram: HashMap<$histogram_labels, Counted>,)*
        }

        impl Totals {
            /// Adds what the totals grew by since they were shown last.
            pub(super) fn show(&mut self, facts: &Facts, metrics: &MlMetrics) {
                $(count(&mut self.$counter, &facts.$counter, &metrics.$counter);)*
                $(observe(&mut self.$histogram, &facts.$histogram, &metrics.$histogram);)*
            }
        }
    };
}
families!(totals);

fn count<L: LabelSet + LabelKey<L> + Clone + Eq + Hash>(
    shown: &mut HashMap<L, u64>,
    totals: &Series<L, u64>,
    family: &Family<L, Counter>,
) {
    for (labels, total) in totals.iter() {
        if shown.len() >= MOST && !shown.contains_key(labels) {
            continue;
        }
        let last = shown.insert(labels.clone(), *total).unwrap_or(0);
        // One that fell began anew: all of it is new.
        family.inc_by(labels, total.checked_sub(last).unwrap_or(*total));
    }
}

fn observe<L: LabelSet + LabelKey<L> + Clone + Eq + Hash>(
    shown: &mut HashMap<L, Counted>,
    totals: &Series<L, Counted>,
    family: &Family<L, Histogram>,
) {
    for (labels, total) in totals.iter() {
        if shown.len() >= MOST && !shown.contains_key(labels) {
            continue;
        }
        let grown = match shown.insert(labels.clone(), total.clone()) {
            Some(last) => total.since(&last).unwrap_or_else(|| total.clone()),
            None => total.clone(),
        };
        family.with(labels).merge(&grown.counts, grown.sum);
    }
}

impl Counted {
    /// What came after `last`; `None` if a part of it fell.
    fn since(&self, last: &Counted) -> Option<Counted> {
        let pairs = self.counts.iter().zip(&last.counts);
        let counts: Option<Vec<u64>> = pairs.map(|(now, last)| now.checked_sub(*last)).collect();
        let sum = self.sum - last.sum;
        (sum >= 0.0).then_some(Counted {
            counts: counts?,
            sum,
        })
    }
}
