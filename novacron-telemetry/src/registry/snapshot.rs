//! All numbers as plain data, for tests and reports.

use std::collections::BTreeMap;

use super::Registry;
use super::visit::{Exemplar, Flow, Head, Kind, Labels, Value, Visitor};
use crate::label::{escape, fragment};

/// Every series at one moment.
///
/// ```
/// use novacron_telemetry::catalog::DatabaseMetrics;
/// use novacron_telemetry::Registry;
///
/// let registry = Registry::new();
/// let database = registry.register::<DatabaseMetrics>()?;
/// database.deadlocks_total.inc_by(2);
/// let snapshot = registry.snapshot();
/// assert_eq!(snapshot.value("novacron_database_deadlocks_total", &[]), Some(2.0));
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    families: BTreeMap<String, (Kind, Vec<Series>)>,
    last: String,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Names and values of the labels that are not left out.
    pub labels: Vec<(String, String)>,
    /// What it showed.
    pub sample: Sample,
}

/// What a series showed.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// A counter of whole things.
    Counter(u64),
    /// A total with fractions.
    FloatCounter(f64),
    /// A gauge.
    Gauge(f64),
    /// A histogram.
    Histogram {
        /// Finite upper bounds.
        bounds: Vec<f64>,
        /// Observations per bucket, the last one above every bound.
        buckets: Vec<u64>,
        /// Their sum.
        sum: f64,
        /// The exemplar of each bucket, if the family keeps any.
        exemplars: Vec<Option<Exemplar>>,
    },
    /// Observations with quantiles worked out elsewhere.
    Summary {
        /// Quantile and value.
        quantiles: Vec<(f64, f64)>,
        /// The sum of the observations.
        sum: f64,
        /// How many there were.
        count: u64,
    },
}

impl Sample {
    /// The number; for a histogram or summary, how many observations there were.
    #[must_use]
    pub fn value(&self) -> f64 {
        match self {
            Sample::Counter(count) => *count as f64,
            Sample::FloatCounter(value) | Sample::Gauge(value) => *value,
            Sample::Histogram { buckets, .. } => buckets.iter().sum::<u64>() as f64,
            Sample::Summary { count, .. } => *count as f64,
        }
    }
}

impl Registry {
    /// Reads every series.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.visit(&mut snapshot);
        snapshot
    }
}

impl Snapshot {
    /// The names of all families, sorted.
    pub fn families(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.families
            .iter()
            .map(|(name, (kind, _))| (name.as_str(), *kind))
    }

    /// The series of one family, in the order of the exposition.
    #[must_use]
    pub fn series(&self, family: &str) -> &[Series] {
        self.families.get(family).map_or(&[], |(_, series)| series)
    }

    /// The one series of `family` with exactly these labels.
    #[must_use]
    pub fn find(&self, family: &str, labels: &[(&str, &str)]) -> Option<&Series> {
        self.series(family).iter().find(|series| {
            series.labels.len() == labels.len()
                && labels.iter().all(|(name, value)| series.has(name, value))
        })
    }

    /// The number of the one series with exactly these labels.
    #[must_use]
    pub fn value(&self, family: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.find(family, labels)
            .map(|series| series.sample.value())
    }

    /// The sum over all series of `family` that carry at least these labels.
    #[must_use]
    pub fn sum(&self, family: &str, labels: &[(&str, &str)]) -> f64 {
        self.series(family)
            .iter()
            .filter(|series| labels.iter().all(|(name, value)| series.has(name, value)))
            .map(|series| series.sample.value())
            .sum()
    }
}

impl Series {
    /// Whether it carries this label with this value.
    #[must_use]
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.labels.iter().any(|(n, v)| n == name && v == value)
    }
}

impl Visitor for Snapshot {
    fn family(&mut self, head: &Head<'_>, _resumed: bool) {
        self.last = head.name.to_owned();
        self.families
            .entry(head.name.to_owned())
            .or_insert_with(|| (head.kind, Vec::new()));
    }

    fn series(&mut self, labels: Labels<'_>, value: Value<'_>) -> Flow {
        let series = Series {
            labels: labels
                .fragments
                .iter()
                .filter(|fragment| !fragment.is_empty())
                .map(|fragment| {
                    let (name, value) = fragment::split(fragment);
                    (name.to_owned(), escape::unescape(value))
                })
                .collect(),
            sample: match value {
                Value::Counter(count) => Sample::Counter(count),
                Value::FloatCounter(total) => Sample::FloatCounter(total),
                Value::Gauge(value) => Sample::Gauge(value),
                Value::Histogram(histogram) => Sample::Histogram {
                    bounds: histogram.bounds.to_vec(),
                    buckets: histogram.buckets.to_vec(),
                    sum: histogram.sum,
                    exemplars: histogram.exemplars.to_vec(),
                },
                Value::Summary(summary) => Sample::Summary {
                    quantiles: summary.quantiles.to_vec(),
                    sum: summary.sum,
                    count: summary.count,
                },
            },
        };
        if let Some((_, list)) = self.families.get_mut(&self.last) {
            list.push(series);
        }
        Flow::Continue
    }
}
