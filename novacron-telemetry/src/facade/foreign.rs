//! Families that were read from another exposition.

use std::sync::Arc;

use crate::metric::visit::{
    Flow, Head, HistogramValue, Labels, Pin, Source, SummaryValue, Value, Visitor,
};
use crate::metric::{Kind, Unit};

/// A family as it was read.
#[derive(Debug)]
pub(super) struct Foreign {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) kind: Kind,
    pub(super) rows: Vec<Row>,
}

/// One of its series.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) labels: Arc<[Box<str>]>,
    pub(super) reading: Reading,
}

/// What a series showed.
#[derive(Debug)]
pub(super) enum Reading {
    Counter(u64),
    FloatCounter(f64),
    Gauge(f64),
    Histogram {
        bounds: Arc<Bounds>,
        /// Not cumulative.
        buckets: Box<[u64]>,
        sum: f64,
    },
    Summary {
        quantiles: Box<[(f64, f64)]>,
        sum: f64,
        count: u64,
    },
}

/// Bounds and their fragments, shared by the series that have the same.
#[derive(Debug)]
pub(super) struct Bounds {
    pub(super) bounds: Box<[f64]>,
    pub(super) le: Box<[Box<str>]>,
}

impl Reading {
    fn value(&self) -> Value<'_> {
        match self {
            Reading::Counter(count) => Value::Counter(*count),
            Reading::FloatCounter(total) => Value::FloatCounter(*total),
            Reading::Gauge(value) => Value::Gauge(*value),
            Reading::Histogram {
                bounds,
                buckets,
                sum,
            } => Value::Histogram(HistogramValue {
                bounds: &bounds.bounds,
                le: &bounds.le,
                buckets,
                sum: *sum,
                exemplars: &[],
            }),
            Reading::Summary {
                quantiles,
                sum,
                count,
            } => Value::Summary(SummaryValue {
                quantiles,
                sum: *sum,
                count: *count,
            }),
        }
    }
}

impl Source for Foreign {
    fn head(&self) -> Head<'_> {
        Head {
            name: &self.name,
            help: &self.help,
            kind: self.kind,
            unit: Unit::None,
        }
    }

    fn visit(&self, _: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
        for (at, row) in self.rows.iter().enumerate().skip(from) {
            let fragments: Vec<&str> = row.labels.iter().map(|text| &**text).collect();
            let labels = Labels {
                fragments: &fragments,
            };
            if visitor.series(labels, row.reading.value()) == Flow::Pause {
                return Some(at + 1);
            }
        }
        None
    }
}
