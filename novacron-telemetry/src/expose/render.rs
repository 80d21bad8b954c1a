//! The exposition, whole or in chunks.

use std::iter::FusedIterator;

use crate::encode::{Encoder, Format};
use crate::registry::{Registry, Walk};

impl Registry {
    /// Everything in the text format.
    ///
    /// For tests and small programs; a server streams [`chunks`](Self::chunks).
    #[must_use]
    pub fn render(&self) -> String {
        self.chunks(Format::Text)
            .fold(String::new(), |mut text, chunk| {
                // Chunks end where lines end, and every line was text before it was bytes.
                text.push_str(&String::from_utf8_lossy(&chunk));
                text
            })
    }

    /// Everything, in chunks of at most 64 KiB (a single longer series stays in one).
    ///
    /// Each chunk is read when it is asked for, and nothing is locked in between. The scrape shows
    /// every event that ended before it began.
    ///
    /// ```
    /// use novacron_telemetry::Registry;
    /// use novacron_telemetry::expose::Format;
    ///
    /// let registry = Registry::new();
    /// let bytes: Vec<u8> = registry.chunks(Format::OpenMetrics).flatten().collect();
    /// assert_eq!(bytes, b"# EOF\n");
    /// ```
    #[must_use = "nothing is read until chunks are asked for"]
    pub fn chunks(&self, format: Format) -> Chunks {
        Chunks::new(self, self.walk(), format)
    }
}

/// An exposition under way: an iterator of chunks. May be dropped at any time.
#[derive(Debug)]
pub struct Chunks {
    walk: Walk,
    encoder: Encoder,
    done: bool,
}

impl Chunks {
    pub(crate) fn new(registry: &Registry, walk: Walk, format: Format) -> Self {
        Self {
            walk,
            encoder: Encoder::new(format, registry.constant_labels()),
            done: false,
        }
    }

    /// Whether the last chunk was given.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.done && self.encoder.is_empty()
    }

    /// How many series were written so far.
    #[must_use]
    pub fn series(&self) -> u64 {
        self.encoder.series()
    }
}

impl Iterator for Chunks {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(chunk) = self.encoder.take_full() {
                return Some(chunk);
            }
            if self.done {
                return self.encoder.take_rest();
            }
            if !self.walk.step(self.encoder.visitor()) {
                self.done = true;
                self.encoder.finish();
            }
        }
    }
}

impl FusedIterator for Chunks {}
