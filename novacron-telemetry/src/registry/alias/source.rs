//! An alias applied while its family is read.

use std::collections::HashMap;
use std::sync::Arc;

use crate::metric::exemplar::Exemplar;
use crate::metric::visit::{
    Flow, Head, HistogramValue, Labels, Pin, Source, SummaryValue, Value, Visitor,
};

use super::Alias;

/// A family's source, seen through an alias.
pub(super) struct AliasSource {
    pub(super) alias: &'static Alias,
    pub(super) inner: Arc<dyn Source>,
}

impl Source for AliasSource {
    fn head(&self) -> Head<'_> {
        Head {
            name: self.alias.name,
            ..self.inner.head()
        }
    }

    fn collector(&self) -> Option<&str> {
        self.inner.collector()
    }

    fn pin(&self) -> Pin {
        if !self.alias.folds() {
            return self.inner.pin();
        }
        let mut table = Table::new(self.alias);
        let pin = self.inner.pin();
        let mut next = Some(0);
        while let Some(from) = next {
            next = self.inner.visit(&pin, from, &mut table);
        }
        Some(Arc::new(table.rows))
    }

    fn visit(&self, pin: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
        let rows = pin.as_ref().and_then(|pin| pin.downcast_ref::<Vec<Row>>());
        match rows.filter(|_| self.alias.folds()) {
            Some(rows) => show(rows, from, visitor),
            None => self.inner.visit(
                pin,
                from,
                &mut Through {
                    alias: self.alias,
                    visitor,
                    labels: Vec::new(),
                },
            ),
        }
    }
}

/// Hands each series on, renamed.
struct Through<'a> {
    alias: &'static Alias,
    visitor: &'a mut dyn Visitor,
    labels: Vec<String>,
}

impl Visitor for Through<'_> {
    fn family(&mut self, head: &Head<'_>, resumed: bool) {
        let head = Head {
            name: self.alias.name,
            ..*head
        };
        self.visitor.family(&head, resumed);
    }

    fn series(&mut self, labels: Labels<'_>, value: Value<'_>) -> Flow {
        if !self.alias.rewrite(labels, &mut self.labels) {
            return Flow::Continue;
        }
        let fragments: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        let labels = Labels {
            fragments: &fragments,
        };
        self.visitor.series(labels, value)
    }
}

/// Adds up what becomes one series.
struct Table {
    alias: &'static Alias,
    labels: Vec<String>,
    places: HashMap<Vec<String>, usize>,
    rows: Vec<Row>,
}

struct Row {
    labels: Vec<String>,
    value: Kept,
}

enum Kept {
    Counter(u64),
    FloatCounter(f64),
    Gauge(f64),
    Histogram {
        bounds: Vec<f64>,
        le: Vec<Box<str>>,
        buckets: Vec<u64>,
        sum: f64,
        exemplars: Vec<Option<Exemplar>>,
    },
    /// Quantiles cannot be added up; the first series keeps its own.
    Summary {
        quantiles: Vec<(f64, f64)>,
        sum: f64,
        count: u64,
    },
}

impl Table {
    fn new(alias: &'static Alias) -> Self {
        Self {
            alias,
            labels: Vec::new(),
            places: HashMap::new(),
            rows: Vec::new(),
        }
    }
}

impl Visitor for Table {
    fn family(&mut self, _: &Head<'_>, _: bool) {}

    fn series(&mut self, labels: Labels<'_>, value: Value<'_>) -> Flow {
        if self.alias.rewrite(labels, &mut self.labels) {
            match self.places.get(&self.labels) {
                Some(place) => self.rows[*place].value.add(value),
                None => {
                    self.places.insert(self.labels.clone(), self.rows.len());
                    self.rows.push(Row {
                        labels: self.labels.clone(),
                        value: Kept::from(value),
                    });
                }
            }
        }
        Flow::Continue
    }
}

impl Kept {
    /// A family has one type and one list of bounds, so both sides always fit.
    fn add(&mut self, value: Value<'_>) {
        match (self, value) {
            (Kept::Counter(sum), Value::Counter(n)) => *sum = sum.wrapping_add(n),
            (Kept::FloatCounter(sum), Value::FloatCounter(x))
            | (Kept::Gauge(sum), Value::Gauge(x)) => *sum += x,
            (
                Kept::Histogram {
                    buckets,
                    sum,
                    exemplars,
                    ..
                },
                Value::Histogram(more),
            ) => {
                for (bucket, n) in buckets.iter_mut().zip(more.buckets) {
                    *bucket = bucket.wrapping_add(*n);
                }
                *sum += more.sum;
                for (mine, other) in exemplars.iter_mut().zip(more.exemplars) {
                    if mine.is_none() {
                        mine.clone_from(other);
                    }
                }
            }
            (Kept::Summary { sum, count, .. }, Value::Summary(more)) => {
                *sum += more.sum;
                *count = count.wrapping_add(more.count);
            }
            _ => {}
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Kept::Counter(n) => Value::Counter(*n),
            Kept::FloatCounter(x) => Value::FloatCounter(*x),
            Kept::Gauge(x) => Value::Gauge(*x),
            Kept::Histogram {
                bounds,
                le,
                buckets,
                sum,
                exemplars,
            } => Value::Histogram(HistogramValue {
                bounds,
                le,
                buckets,
                sum: *sum,
                exemplars,
            }),
            Kept::Summary {
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

impl From<Value<'_>> for Kept {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Counter(n) => Kept::Counter(n),
            Value::FloatCounter(x) => Kept::FloatCounter(x),
            Value::Gauge(x) => Kept::Gauge(x),
            Value::Histogram(h) => Kept::Histogram {
                bounds: h.bounds.to_vec(),
                le: h.le.to_vec(),
                buckets: h.buckets.to_vec(),
                sum: h.sum,
                exemplars: h.exemplars.to_vec(),
            },
            Value::Summary(s) => Kept::Summary {
                quantiles: s.quantiles.to_vec(),
                sum: s.sum,
                count: s.count,
            },
        }
    }
}

fn show(rows: &[Row], from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
    for (at, row) in rows.iter().enumerate().skip(from) {
        let fragments: Vec<&str> = row.labels.iter().map(String::as_str).collect();
        let labels = Labels {
            fragments: &fragments,
        };
        if visitor.series(labels, row.value.value()) == Flow::Pause && at + 1 < rows.len() {
            return Some(at + 1);
        }
    }
    None
}
