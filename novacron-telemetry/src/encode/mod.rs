//! Visitors that write bytes: families, labels and numbers become lines.
//!
//! An encoder sees what [`visit`](crate::registry::visit) shows it and nothing else. It collects
//! whole lines in a buffer and asks the walk to pause when a chunk is full, so that a scrape of any
//! size needs the memory of one chunk.

mod buffer;
mod lines;
#[cfg(feature = "http")]
mod negotiate;
mod number;
mod openmetrics;
mod text;

#[cfg(feature = "http")]
pub(crate) use negotiate::{Coding, coding, format};

use std::sync::Arc;

use crate::registry::visit::Visitor;
use lines::Lines;
use openmetrics::OpenMetrics;
use text::Text;

/// An exposition format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The Prometheus text format, version 0.0.4: what every scraper reads.
    #[default]
    Text,
    /// OpenMetrics 1.0: units, exemplars, and an end that tells a whole answer from a cut one.
    OpenMetrics,
}

impl Format {
    /// The media type, with version and charset.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// One exposition under way.
#[derive(Debug)]
pub(crate) enum Encoder {
    Text(Text),
    OpenMetrics(OpenMetrics),
}

impl Encoder {
    /// Begins an exposition whose every series carries `constant` labels.
    pub(crate) fn new(format: Format, constant: Arc<str>) -> Self {
        let lines = Lines::new(constant);
        match format {
            Format::Text => Self::Text(Text(lines)),
            Format::OpenMetrics => Self::OpenMetrics(OpenMetrics(lines)),
        }
    }

    /// What a walk shows families and series to.
    pub(crate) fn visitor(&mut self) -> &mut dyn Visitor {
        match self {
            Self::Text(text) => text,
            Self::OpenMetrics(open_metrics) => open_metrics,
        }
    }

    /// Writes what stands behind the last family.
    pub(crate) fn finish(&mut self) {
        if let Self::OpenMetrics(open_metrics) = self {
            open_metrics.finish();
        }
    }

    /// The full chunk, if there is one.
    pub(crate) fn take_full(&mut self) -> Option<Vec<u8>> {
        self.lines().take_full()
    }

    /// What is left.
    pub(crate) fn take_rest(&mut self) -> Option<Vec<u8>> {
        self.lines().take_rest()
    }

    /// Whether everything that was written was taken.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Text(Text(lines)) | Self::OpenMetrics(OpenMetrics(lines)) => lines.is_empty(),
        }
    }

    /// How many series were written.
    pub(crate) fn series(&self) -> u64 {
        match self {
            Self::Text(Text(lines)) | Self::OpenMetrics(OpenMetrics(lines)) => lines.series,
        }
    }

    fn lines(&mut self) -> &mut Lines {
        match self {
            Self::Text(Text(lines)) | Self::OpenMetrics(OpenMetrics(lines)) => lines,
        }
    }
}
