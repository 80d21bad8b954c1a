//! A reading, as metrics.

use std::sync::PoisonError;

use novacron_telemetry::catalog::MlMetrics;
use novacron_telemetry::catalog::ml::MlErrorLabels;

use super::collector::MlReading;
use super::facts::{Facts, families};

macro_rules! gauges {
    (
        gauges { $($gauge:ident: $gauge_labels:ident,)* }
        counters { $($counter:tt)* }
        histograms { $($histogram:tt)* }
    ) => {
        fn gauges(facts: &Facts, metrics: &MlMetrics) {
            $(metrics.$gauge.replace_all(
                facts.$gauge.iter().map(|(labels, value)| (labels.clone(), *value)),
            );)*
        }
    };
}
families!(gauges);

pub(super) fn publish(reading: &MlReading, metrics: &MlMetrics) {
    let MlReading {
        facts,
        attempt,
        totals,
    } = reading;
    match facts {
        Some(facts) => {
            gauges(facts, metrics);
            let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
            totals.show(facts, metrics);
        }
        None => gauges(&Facts::default(), metrics),
    }
    if let Some(attempt) = attempt {
        metrics
            .exporter_scrape_duration_seconds
            .observe(attempt.took);
        if let Some(error_type) = attempt.error {
            metrics
                .exporter_scrape_errors_total
                .inc(&MlErrorLabels { error_type });
        }
    }
}
