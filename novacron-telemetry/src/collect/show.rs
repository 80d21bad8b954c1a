//! What is shown about collectors themselves.

use std::time::Duration;

use crate::catalog::ExporterMetrics;
use crate::catalog::exporter::{
    CollectorLabelsRef, CollectorRun, CollectorRunLabelsRef, CollectorState,
    CollectorStateLabelsRef,
};

/// Shows that a collector is on or off, before anything is known of it.
pub(super) fn enabled(metrics: &ExporterMetrics, collector: &str, on: bool) {
    let labels = CollectorLabelsRef { collector };
    metrics
        .collector_enabled
        .set(&labels, f64::from(u8::from(on)));
}

/// Counts a run.
pub(super) fn ended(metrics: &ExporterMetrics, collector: &str, result: CollectorRun) {
    let labels = CollectorRunLabelsRef { collector, result };
    metrics.collector_runs_total.inc(&labels);
    if result == CollectorRun::TimedOut {
        let labels = CollectorLabelsRef { collector };
        metrics.collector_timeouts_total.inc(&labels);
    }
}

/// Counts runs for which there was no time.
pub(super) fn skipped(metrics: &ExporterMetrics, collector: &str, runs: u64) {
    let result = CollectorRun::Skipped;
    let labels = CollectorRunLabelsRef { collector, result };
    metrics.collector_runs_total.inc_by(&labels, runs);
}

/// Shows how long a run took that came back, in time or not.
pub(super) fn took(metrics: &ExporterMetrics, collector: &str, took: Duration) {
    let labels = CollectorLabelsRef { collector };
    metrics.collector_duration_seconds.observe(&labels, took);
}

/// Shows how many targets the last run left out.
pub(super) fn targets(metrics: &ExporterMetrics, collector: &str, skipped: usize) {
    let labels = CollectorLabelsRef { collector };
    metrics
        .collector_targets_skipped
        .set(&labels, skipped as f64);
}

/// Shows a state. Where there is nothing to read there is neither success nor failure.
pub(super) fn state(metrics: &ExporterMetrics, collector: &str, state: CollectorState) {
    let labels = CollectorLabelsRef { collector };
    let success = metrics.collector_success.with(&labels);
    match state {
        CollectorState::Ok | CollectorState::Partial => {
            success.set(1.0);
            metrics
                .collector_last_success_timestamp_seconds
                .set_now(&labels);
        }
        CollectorState::Failed | CollectorState::TimedOut | CollectorState::Stuck => {
            success.set(0.0);
        }
        CollectorState::Starting
        | CollectorState::Absent
        | CollectorState::Denied
        | CollectorState::Disabled => success.clear(),
    }
}

/// Shows the states of all collectors, and how long some have been stuck.
pub(super) fn all<'a>(
    metrics: &ExporterMetrics,
    collectors: impl Iterator<Item = (&'a str, CollectorState, Option<Duration>)> + Clone,
) {
    let states = collectors
        .clone()
        .map(|(collector, state, _)| (CollectorStateLabelsRef { collector, state }, 1.0));
    metrics.collector_state.replace_all(states);
    let stuck = collectors.filter_map(|(collector, _, stuck)| {
        Some((CollectorLabelsRef { collector }, stuck?.as_secs_f64()))
    });
    metrics.collector_stuck_seconds.replace_all(stuck);
}
