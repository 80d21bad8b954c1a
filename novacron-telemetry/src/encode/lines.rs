//! What both formats have in common: lines of series, gathered into chunks.

use std::sync::Arc;

use super::buffer::Buffer;
use crate::registry::visit::{Exemplar, Flow, HistogramValue, Labels, Value};

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
            Value::Counter(count) => {
                self.begin_line(labels);
                self.whole(count);
            }
            Value::FloatCounter(value) | Value::Gauge(value) => {
                self.begin_line(labels);
                self.number(value);
            }
            Value::Histogram(histogram) => {
                let count = self.buckets(labels, &histogram, exemplars);
                self.begin_lines("_sum");
                self.begin_line(labels);
                self.number(histogram.sum);
                self.out.put_byte(b'\n');
                self.begin_lines("_count");
                self.begin_line(labels);
                self.whole(count);
            }
        }
        self.out.put_byte(b'\n');
        if self.is_full() {
            Flow::Pause
        } else {
            Flow::Continue
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
        self.out.put_list(&self.open, labels.fragments);
        let end = self.out.len();
        let mut count = 0u64;
        for (bucket, (le, n)) in histogram.le.iter().zip(histogram.buckets).enumerate() {
            if bucket > 0 {
                self.out.repeat(start, end);
            }
            self.out.put(le.as_bytes());
            self.out.put(b"} ");
            count = count.wrapping_add(*n);
            self.whole(count);
            if exemplars == Exemplars::Shown
                && let Some(Some(exemplar)) = histogram.exemplars.get(bucket)
            {
                self.exemplar(exemplar);
            }
            self.out.put_byte(b'\n');
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
        self.number(value);
        if unix_seconds > 0.0 && unix_seconds.is_finite() {
            // Milliseconds, in full: not every parser takes an exponent here.
            self.out.put(format!(" {unix_seconds:.3}").as_bytes());
        }
    }

    /// Name and labels of a line, and the space behind them.
    #[inline]
    fn begin_line(&mut self, labels: Labels<'_>) {
        if labels.fragments.iter().all(|fragment| fragment.is_empty()) {
            self.out.put(&self.bare);
        } else {
            self.out.put_list(&self.open, labels.fragments);
            self.out.replace_last(b'}');
        }
        self.out.put_byte(b' ');
    }

    #[inline]
    fn whole(&mut self, number: u64) {
        self.out.put(itoa::Buffer::new().format(number).as_bytes());
    }

    /// A number as Go's `ParseFloat` and everybody else reads it, in the fewest digits.
    fn number(&mut self, number: f64) {
        let mut buffer = zmij::Buffer::new();
        let text = if number.is_nan() {
            "NaN"
        } else if number == f64::INFINITY {
            "+Inf"
        } else if number == f64::NEG_INFINITY {
            "-Inf"
        } else {
            let text = buffer.format_finite(number);
            text.strip_suffix(".0").unwrap_or(text)
        };
        self.out.put(text.as_bytes());
    }

    /// A head or series begins here, and so may a chunk.
    #[inline]
    fn mark(&mut self) {
        if self.out.len() < CHUNK {
            self.cut = self.out.len();
        }
    }
}
