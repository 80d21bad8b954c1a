//! What a person sees while a migration runs.

use std::time::Duration;

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar on a terminal; lines where there is none.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// For so many bytes of memory.
    pub(crate) fn new(memory: u64) -> Self {
        let bar = ProgressBar::new(memory);
        let template = "{prefix:>12} [{bar:32}] {percent:>3}%  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }

    /// Another phase begins.
    pub(crate) fn phase(&self, phase: &'static str) {
        self.bar.set_prefix(phase);
        if self.bar.is_hidden() {
            self.note(phase);
        }
    }

    /// How much is still to be copied; while something is copied, how fast it goes, and when that
    /// will be over, if it ever will.
    pub(crate) fn show(&self, remaining: u64, rate: Option<f64>, eta: Option<Option<Duration>>) {
        let total = self.bar.length().unwrap_or_default();
        // Back as well as forth: the guest does not stand still.
        self.bar.set_position(total.saturating_sub(remaining));
        let mut message = String::new();
        if let Some(rate) = rate {
            message = format!("{}/s  ", ByteSize::b(rate as u64).display().iec());
        }
        message += &match eta {
            Some(Some(eta)) => format!("{:.1} s left", eta.as_secs_f64()),
            Some(None) => "no end in sight".to_owned(),
            None => String::new(),
        };
        self.bar.set_message(message);
    }

    /// Says something beside the bar.
    pub(crate) fn note(&self, text: &str) {
        if self.bar.is_hidden() {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "  {text}");
        } else {
            self.bar.println(format!("  {text}"));
        }
    }

    /// Leaves the terminal as it was.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
