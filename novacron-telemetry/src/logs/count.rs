//! How many lines there were, and what became of them.

use tracing::Level;

use crate::catalog::ExporterMetrics;
use crate::catalog::exporter::{
    DropLabels, DropReason, LevelLabels, LogLevel, Signal, SignalLabels,
};

pub(super) const LEVELS: usize = 5;

/// The place of a level in what is counted by level.
pub(super) fn rank(level: Level) -> usize {
    match level {
        Level::ERROR => 0,
        Level::WARN => 1,
        Level::INFO => 2,
        Level::DEBUG => 3,
        Level::TRACE => 4,
    }
}

/// How many lines there were, and what became of them, at one moment.
///
/// At every moment `emitted = written + suppressed + dropped + waiting`, with
/// [`dropped`](Self::dropped) the sum of the four reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogCounts {
    /// Events that the filter let through, and lines that the library wrote about itself.
    pub emitted: u64,
    /// Lines that the operating system took.
    pub written: u64,
    /// Lines left out because the same place had written too many.
    pub suppressed: u64,
    /// Lines for which the queue had no room.
    pub queue_full: u64,
    /// Lines that are longer than the whole queue.
    pub too_large: u64,
    /// Lines that the output refused for good.
    pub refused: u64,
    /// Lines left over when the writer ended.
    pub left_at_end: u64,
    /// Lines that still wait.
    pub waiting: u64,
}

impl LogCounts {
    /// Lines that were lost.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.queue_full + self.too_large + self.refused + self.left_at_end
    }
}

/// The same, by level where the metrics want it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) emitted: u64,
    pub(super) written: [u64; LEVELS],
    pub(super) suppressed: [u64; LEVELS],
    pub(super) queue_full: u64,
    pub(super) too_large: u64,
    pub(super) refused: u64,
    pub(super) left_at_end: u64,
    /// Failures of the output to take something, for a while or for good.
    pub(super) failures: u64,
}

impl Totals {
    pub(super) fn counts(&self, waiting: u64) -> LogCounts {
        let suppressed = self.suppressed.iter().sum();
        LogCounts {
            emitted: self.emitted + suppressed,
            written: self.written.iter().sum(),
            suppressed,
            queue_full: self.queue_full,
            too_large: self.too_large,
            refused: self.refused,
            left_at_end: self.left_at_end,
            waiting,
        }
    }

    /// Adds to the metrics what is new since `before`.
    pub(super) fn export(&self, before: &Self, own: &ExporterMetrics) {
        const NAMES: [LogLevel; LEVELS] = [
            LogLevel::Error,
            LogLevel::Warn,
            LogLevel::Info,
            LogLevel::Debug,
            LogLevel::Trace,
        ];
        for (at, level) in NAMES.into_iter().enumerate() {
            let labels = LevelLabels { level };
            let new = self.written[at] - before.written[at];
            own.log_events_total.inc_by(&labels, new);
            let new = self.suppressed[at] - before.suppressed[at];
            own.log_suppressed_total.inc_by(&labels, new);
        }
        // What was suppressed is not dropped as well: the two add up to what is missing.
        for (reason, now, then) in [
            (DropReason::QueueFull, self.queue_full, before.queue_full),
            (DropReason::TooLarge, self.too_large, before.too_large),
            (DropReason::ExportError, self.refused, before.refused),
            (DropReason::Shutdown, self.left_at_end, before.left_at_end),
        ] {
            let signal = Signal::Logs;
            own.telemetry_dropped_total
                .inc_by(&DropLabels { signal, reason }, now - then);
        }
        let signal = Signal::Logs;
        own.telemetry_errors_total
            .inc_by(&SignalLabels { signal }, self.failures - before.failures);
    }
}
