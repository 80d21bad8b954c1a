//! What both formats have in common: lines of series, gathered into chunks.

use std::sync::Arc;

use super::buffer::{Buffer, Pen};
use super::number::{LONGEST, Number};
use crate::registry::visit::{Exemplar, Flow, HistogramValue, Labels, SummaryValue, Value};

/// The most bytes in a chunk, unless a single series with its head is longer.
pub(super) const CHUNK: usize = 64 * 1024;

/// Whether exemplars stand behind the buckets they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exemplars {
    Shown,
    LeftOut,
}

/// The lines of an exposition that were not handed on yet.
#[derive(Debug)]
pub(super) struct Lines {
    out: Buffer,
    /// Where the head or series begins that made the chunk full: the next chunk begins with it.
    cut: usize,
    /// `key="value"` of the constant labels, joined by commas.
    constant: Arc<str>,
    name: String,
    /// What a line with labels begins with, up to the first label: `name{` and constant labels.
    open: Vec<u8>,
    /// What a line without labels begins with: `name`, with constant labels if there are any.
    bare: Vec<u8>,
    pub(super) series: u64,
}

impl Lines {
    pub(super) fn new(constant: Arc<str>) -> Self {
        Self {
            out: Buffer::default(),
            cut: 0,
            constant,
            name: String::new(),
            open: Vec::new(),
            bare: Vec::new(),
            series: 0,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.out.len() >= CHUNK
    }

    pub(super) fn is_empty(&self) -> bool {
        self.out.len() == 0
    }

    /// The full chunk, if there is one.
    pub(super) fn take_full(&mut self) -> Option<Vec<u8>> {
        if !self.is_full() {
            return None;
        }
        let len = self.out.len();
        let end = if len == CHUNK || self.cut == 0 {
            len
        } else {
            self.cut
        };
        self.cut = 0;
        Some(self.out.take_to(end))
    }

    /// What is left, if anything is.
    pub(super) fn take_rest(&mut self) -> Option<Vec<u8>> {
        let len = self.out.len();
        (len > 0).then(|| self.out.take_to(len))
    }

    /// The lines that follow are of this family.
    pub(super) fn begin_family(&mut self, name: &str) {
        self.mark();
        self.name.clear();
        self.name.push_str(name);
        self.begin_lines("");
    }

    /// The lines that follow begin with the family's name and `suffix`.
    fn begin_lines(&mut self, suffix: &str) {
        for prefix in [&mut self.open, &mut self.bare] {
            prefix.clear();
            prefix.extend_from_slice(self.name.as_bytes());
            prefix.extend_from_slice(suffix.as_bytes());
        }
        self.open.push(b'{');
        if !self.constant.is_empty() {
            self.open.extend_from_slice(self.constant.as_bytes());
            self.bare.clone_from(&self.open);
            self.open.push(b',');
            self.bare.push(b'}');
        }
    }

    /// One line about the family: `# WORD family text`.
    pub(super) fn header(&mut self, word: &str, family: &str, text: impl FnOnce(&mut String)) {
        let mut line = format!("# {word} {family} ");
        text(&mut line);
        line.push('\n');
        self.text(&line);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.mark();
        self.out.put(text.as_bytes());
    }

    /// One series: a line, or the lines of a histogram.
    pub(super) fn series(
        &mut self,
        labels: Labels<'_>,
        value: Value<'_>,
        exemplars: Exemplars,
    ) -> Flow {
        self.mark();
        self.series += 1;
        match value {
            Value::Counter(count) => self.line(labels, &Number::whole(count)),
            Value::FloatCounter(value) | Value::Gauge(value) => {
                self.line(labels, &Number::float(value));
            }
            Value::Histogram(histogram) => {
                let count = self.buckets(labels, &histogram, exemplars);
                self.sum_and_count(labels, histogram.sum, count);
            }
            Value::Summary(summary) => {
                self.begin_lines("");
                self.quantiles(labels, &summary);
                self.sum_and_count(labels, summary.sum, summary.count);
            }
        }
        if self.is_full() {
            Flow::Pause
        } else {
            Flow::Continue
        }
    }

    /// The last two lines of a histogram or summary.
    fn sum_and_count(&mut self, labels: Labels<'_>, sum: f64, count: u64) {
        self.begin_lines("_sum");
        self.line(labels, &Number::float(sum));
        self.begin_lines("_count");
        self.line(labels, &Number::whole(count));
    }

    /// A line per quantile, which is a label.
    fn quantiles(&mut self, labels: Labels<'_>, summary: &SummaryValue<'_>) {
        for (quantile, value) in summary.quantiles {
            let quantile = Number::float(*quantile);
            let label = format!(
                "quantile=\"{}\"",
                String::from_utf8_lossy(quantile.as_bytes())
            );
            let fragments = [labels.fragments, &[label.as_str()]].concat();
            let labels = Labels {
                fragments: &fragments,
            };
            self.line(labels, &Number::float(*value));
        }
    }

    /// The buckets, cumulative; returns how many observations they hold together.
    fn buckets(
        &mut self,
        labels: Labels<'_>,
        histogram: &HistogramValue<'_>,
        exemplars: Exemplars,
    ) -> u64 {
        self.begin_lines("_bucket");
        let start = self.out.len();
        let Self { out, open, .. } = self;
        out.write(open.len() + room(labels), |pen| {
            pen.put(open);
            put_labels(pen, labels);
        });
        let end = self.out.len();
        let mut count = 0u64;
        for (bucket, (le, n)) in histogram.le.iter().zip(histogram.buckets).enumerate() {
            if bucket > 0 {
                self.out.repeat(start, end);
            }
            count = count.wrapping_add(*n);
            let number = Number::whole(count);
            self.out.write(le.len() + 2 + LONGEST, |pen| {
                pen.put(le.as_bytes());
                pen.put(b"} ");
                pen.put_start(&number.text, number.len);
            });
            if exemplars == Exemplars::Shown
                && let Some(Some(exemplar)) = histogram.exemplars.get(bucket)
            {
                self.exemplar(exemplar);
            }
            self.out.put(b"\n");
        }
        count
    }

    /// ` # {trace_id="…",span_id="…"} value time`: 63 characters of labels, of 128 that are allowed.
    fn exemplar(&mut self, exemplar: &Exemplar) {
        let Exemplar {
            trace_id,
            span_id,
            value,
            unix_seconds,
        } = *exemplar;
        // A trace of number 0 is no trace.
        if trace_id == 0 || !value.is_finite() {
            return;
        }
        let labels = format!(" # {{trace_id=\"{trace_id:032x}\",span_id=\"{span_id:016x}\"}} ");
        self.out.put(labels.as_bytes());
        self.out.put(Number::float(value).as_bytes());
        if unix_seconds > 0.0 && unix_seconds.is_finite() {
            // Milliseconds, in full: not every parser takes an exponent here.
            self.out.put(format!(" {unix_seconds:.3}").as_bytes());
        }
    }

    /// A line of one number.
    #[inline]
    fn line(&mut self, labels: Labels<'_>, number: &Number) {
        let Self {
            out, open, bare, ..
        } = self;
        let most = open.len() + bare.len() + room(labels) + 1 + LONGEST + 1;
        out.write(most, |pen| {
            if labels.fragments.iter().any(|fragment| !fragment.is_empty()) {
                pen.put(open);
                put_labels(pen, labels);
                // In the place of the comma behind the last label.
                pen.back();
                pen.put(b"} ");
            } else {
                pen.put(bare);
                pen.put_byte(b' ');
            }
            pen.put_start(&number.text, number.len);
            pen.put_byte(b'\n');
        });
    }

    /// A head or series begins here, and so may a chunk.
    #[inline]
    fn mark(&mut self) {
        if self.out.len() < CHUNK {
            self.cut = self.out.len();
        }
    }
}

/// How much room labels take, each with a comma behind it.
#[inline]
fn room(labels: Labels<'_>) -> usize {
    let room = |room, fragment: &&str| room + fragment.len() + 1;
    labels.fragments.iter().fold(0, room)
}

/// Writes the labels that are not left out, each with a comma behind it.
#[inline]
fn put_labels(pen: &mut Pen<'_>, labels: Labels<'_>) {
    for fragment in labels
        .fragments
        .iter()
        .filter(|fragment| !fragment.is_empty())
    {
        pen.put(fragment.as_bytes());
        pen.put_byte(b',');
    }
}
